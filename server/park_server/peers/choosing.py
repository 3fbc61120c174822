"""Which file of a job a reference means: a decision about names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from park.errors import UnknownItem
from park.runtime.codec import TAG
from park.wire import FileRecord

__all__ = ["chosen"]

_MOST_LISTED = 10


def chosen(files: Sequence[FileRecord], name: str | None, result: Any) -> FileRecord:
    """Return the file called ``name``; without one the only file, or the one that was returned.

    ``result`` is what the job returned, encoded. Raises `UnknownItem` that lists what there is.
    """
    by_name = {file.name: file for file in files}
    if name is not None:
        found = by_name.get(name)
    elif len(files) == 1:
        found = files[0]
    else:
        found = _returned(by_name, result)
    if found is None:
        raise _none_of(files, name)
    return found


def _returned(by_name: Mapping[str, FileRecord], result: Any) -> FileRecord | None:
    """Return the file whose path a job returned, as it wrote it or from the job's folder."""
    if isinstance(result, dict) and result.get(TAG) == "path":
        result = result.get("value")
    if not isinstance(result, str):
        return None
    last = PurePosixPath(result).name
    return by_name.get(result) or by_name.get(last)


def _none_of(files: Sequence[FileRecord], name: str | None) -> UnknownItem:
    if not files:
        return UnknownItem("it left no file")
    names = ", ".join(file.name for file in files[:_MOST_LISTED])
    more = f" and {len(files) - _MOST_LISTED} more" if len(files) > _MOST_LISTED else ""
    if name is not None:
        return UnknownItem(f"it left no file {name!r}; it left {names}{more}")
    return UnknownItem(
        f"which of its {len(files)} files is not said; it left {names}{more}",
        hint='name one: job.files["NAME"], or have the job return its name',
    )
