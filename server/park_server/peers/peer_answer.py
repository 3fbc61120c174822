"""What another service answers of a job, looked at without trust: pure decisions on its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from park.digests import is_sha256
from park.model.encoded_call import check_value
from park.model.file_names import stays_below
from park.model.references import Reference
from park.runtime.codec import TAG
from park.runtime.values.selection import narrowed
from park.wire import FileRecord, decode
from park_server.jobs.files.left_files import MOST_FILES

__all__ = [
    "LONGEST_TEXT",
    "CannotStage",
    "checked_part",
    "files_of",
    "line_of",
    "returned",
    "text_of",
]

LONGEST_TEXT = 2_000
"""Characters of what another service says: more is not told."""

_DATA = frozenset(
    {
        *("int", "float", "complex", "bytes", "tuple", "set", "frozenset", "dict", "path"),
        *("datetime", "date", "timedelta", "ndarray", "numpy-scalar"),
    }
)
"""Nodes that are data, whoever made them. Of all others some have this service open files, and
come from clients alone, and some are code."""

_CODE = frozenset({"pickle"})
"""Nodes that run what whoever made them says, in the job that reads them."""


class CannotStage(Exception):
    """What is referred to will never be here; the text is one line for people."""


def returned(result: Any) -> str | None:
    """Return the path that a job returned, where it returned one."""
    if isinstance(result, dict) and result.get(TAG) == "path":
        result = result.get("value")
    return result if isinstance(result, str) else None


def text_of(value: Any) -> str | None:
    """Return what a service elsewhere says of a job as a line for people; None for no text."""
    return line_of(value) if isinstance(value, str) else None


def line_of(text: str) -> str:
    """Return what another service says as one line of bounded length."""
    return " ".join(text[: 2 * LONGEST_TEXT].split())[:LONGEST_TEXT]


def files_of(answer: Any) -> list[FileRecord]:
    """Return what a job elsewhere left; raises what odd data makes Python raise.

    A digest is a name of a file here, and a name becomes one where the files are fetched to.
    """
    told = answer["job"]["files"]
    if len(told) > MOST_FILES:
        raise ValueError(f"{len(told):,} files, and no job leaves more than {MOST_FILES:,}")
    files = [decode(FileRecord, each) for each in told]
    for each in files:
        if not (is_sha256(each.sha256) and stays_below(each.name) and _is_size(each.size)):
            raise ValueError(f"no record of a file: {str(each)[:LONGEST_TEXT]}")
    return files


def checked_part(
    result: Any, reference: Reference, host: str
) -> tuple[Any, Sequence[tuple[str, str | int]]]:
    """Return what `_needed` does, seen to be data; in a thread, since it may be large."""
    part, path = _needed(result, reference)
    _check_nodes(part, host, own=reference.own)
    check_value(part, "its result")
    return part, path


def _needed(result: Any, reference: Reference) -> tuple[Any, Sequence[tuple[str, str | int]]]:
    """Return what of a result is to be brought here, and the way into that.

    That is all of it, but for what was pickled beside the part that is referred to.
    """
    if reference.own or not any(node.get(TAG) in _CODE for node in _objects(result)):
        return result, reference.path
    part, rest, _ = narrowed(result, reference.path)
    return part, rest


def _objects(document: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of JSON data, however deep they are."""
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            yield value
            pending.extend(value.values())


def _check_nodes(document: Any, host: str, *, own: bool) -> None:
    """Raise `CannotStage` where a result is more than data: it would open files, or run code.

    What was pickled runs where it is read; it is where the user has named that service his ``own``.
    That its set is the one of the job proves nothing: no hash of a set is a secret.
    """
    for value in _objects(document):
        kind = value.get(TAG)
        if kind in _CODE and not own:
            raise CannotStage(
                f"its result is pickled, which is code of {host}: name that service as your own"
                " (park service add NAME URL --own), or return numbers, text, arrays or files"
            )
        if TAG in value and kind not in (_DATA | _CODE):
            raise CannotStage(f"its result has a node of kind {kind!r}, which is refused")


def _is_size(value: object) -> bool:
    return isinstance(value, int) and value >= 0
