"""What a call comes to, as one digest: the same for the same call, however it is written down.

A set, and a dict, are in no order that a function could rely on, so theirs is left out. What
pickles were made under is left out as well: it says who may read them, and the code that they
reach is compared by itself. All else counts, to the last digit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from park.model.references import NODE, Reference, Step
from park.runtime.codec import TAG

__all__ = ["CallShape", "call_key", "canonical", "digest_of", "part_digest", "shape_of"]

_VERSION = "park-memo-1"
"""A change of what is below makes another key of every call."""

_OUTPUT = "outfile"
"""The argument that names a file which the job writes: its content before is no input."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallShape:
    """A call before what it refers to is there.

    ``digest`` covers all else of it. ``references`` stand in it as numbered holes, ``files``
    are the files on the service that it may read, ``output`` the one that it writes.
    """

    digest: str
    references: tuple[Reference, ...] = ()
    files: tuple[str, ...] = ()
    output: str | None = None


def shape_of(entry_point: str, call: Mapping[str, Any], *, fresh: bool = False) -> CallShape:
    """Return what a call of ``entry_point`` comes to; ``call`` is checked already."""
    shaping = _Shaping()
    kwargs = dict(call.get("kwargs") or {})
    output = _service_file(kwargs.get(_OUTPUT))
    parts = [
        _VERSION,
        entry_point,
        "fresh" if fresh else "",
        shaping.text_of(call.get("function")),
        shaping.text_of(call.get("args") or []),
        shaping.text_of({name: value for name, value in kwargs.items() if name != _OUTPUT}),
        f"into {output}" if output is not None else shaping.text_of(kwargs.get(_OUTPUT)),
    ]
    return CallShape(
        digest=_digest(parts),
        references=tuple(shaping.references),
        files=tuple(shaping.files),
        output=output,
    )


def call_key(
    shape: CallShape, *, owner: str, values: Sequence[str], files: Mapping[str, str]
) -> str:
    """Return the key of a call whose references became ``values``, by their digests.

    ``owner`` is whose results it may be answered with, ``files`` are the digests of those on
    the service.
    """
    held = [f"{name}\n{files[name]}" for name in sorted(shape.files)]
    return _digest([_VERSION, owner, shape.digest, str(len(values)), *values, *held])


def digest_of(document: Any) -> str:
    """Return the digest of an encoded value."""
    return _digest([canonical(document)])


def part_digest(document: Any, path: Sequence[Step]) -> str:
    """Return the digest of the part of an encoded value at ``path``.

    Where only a job can find the part, that of the whole, with the path.
    """
    part = document
    for at, (kind, key) in enumerate(path):
        found = _item(part, key) if kind == "item" else None
        if found is None:
            return _digest([canonical(part), json.dumps([list(step) for step in path[at:]])])
        (part,) = found
    return digest_of(part)


def canonical(document: Any) -> str:
    """Return the one text of an encoded value."""
    return _Shaping().text_of(document)


def _digest(parts: Sequence[str]) -> str:
    """Return the SHA-256 of ``parts``, each with its length, so that none runs into the next."""
    found = sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        found.update(b"%d:" % len(data))
        found.update(data)
    return found.hexdigest()


def _item(node: Any, key: str | int) -> tuple[Any] | None:
    """Return what an encoded container has under ``key``, alone in a tuple; None where unknown."""
    if isinstance(node, dict) and node.get(TAG) == "tuple":
        node = node["items"]
    try:
        if isinstance(node, list) or (isinstance(node, dict) and TAG not in node):
            return (node[key],)  # type: ignore[index]  # a wrong one is a TypeError
    except (LookupError, TypeError):
        pass
    return None


def _service_file(node: Any) -> str | None:
    """Return the path of a file on the service that ``node`` names for sure."""
    if isinstance(node, dict) and node.get(TAG) == "service-file" and not node.get("or_text"):
        return str(node["path"])
    return None


_text = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
"""Made once: of most calls, to make it takes as long as to use it."""


class _Shaping:
    """Writes documents in their one form, and notes what they refer to, each once."""

    def __init__(self) -> None:
        self.references: dict[Reference, int] = {}
        self.files: dict[str, None] = {}

    def text_of(self, document: Any) -> str:
        """Return the one text of ``document``."""
        if document is None:
            return "null"
        text = _text(document)
        return text if f'"{TAG}"' not in text else _text(self._formed(document))

    def _formed(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._formed(item) for item in node]
        if not isinstance(node, dict):
            return node
        if TAG not in node:
            return {key: self._formed(value) for key, value in node.items()}
        return self._formed_node(node)

    def _formed_node(self, node: dict[str, Any]) -> Any:
        kind = node[TAG]
        if kind == NODE:
            reference = Reference.from_json(node)
            number = self.references.setdefault(reference, len(self.references))
            return {TAG: NODE, "number": number}
        if kind == "function":
            return {TAG: kind, "type": node["type"], "sha256": _body_digest(node["value"])}
        if kind == "service-file":
            self.files[str(node["path"])] = None
        left_out = _NOT_OF_THE_VALUE.get(kind, ())
        formed = {key: self._formed(node[key]) for key in node if key not in left_out}
        if kind in {"set", "frozenset", "dict"}:
            formed["items"] = sorted(formed["items"], key=_text)
        return formed


_NOT_OF_THE_VALUE: Mapping[str, tuple[str, ...]] = {"pickle": ("set_hash", "repr")}
"""What nodes say besides, by their kind."""


def _body_digest(body: Mapping[str, Any]) -> str:
    """Return the digest of a function's pickle, not what its sender says that it is."""
    return str(body["sha256"]) if body[TAG] == "file" else _digest([body["base64"]])
