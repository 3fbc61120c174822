"""What an answer rests on: paths, and what tells each of them from its next state."""

from __future__ import annotations

import hashlib
import os
from array import array
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Evidence", "evidence_of", "holds"]

Evidence = dict[str, str]
"""``paths`` joined by NUL and the ``digest`` of their signatures, and paths that were ``absent``:
as JSON has it."""

_FIELDS = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns")
"""No write leaves all of these, and no file in the place of another has them: where `os.stat`
knows of changes, nobody can set the time of the last."""

_TICK_NS = 2_000_000_000
"""As `park.build.tree.hashing` has it: a write so soon after another may not show."""


def evidence_of(paths: Iterable[str], *, started_ns: int) -> Evidence | None:
    """Return the evidence of an answer that was looked for from ``started_ns`` on.

    None where one of ``paths`` was written so shortly before, or since, that its next state
    might look like the one that was read.
    """
    places = list(dict.fromkeys(paths))
    looks = {path: _look(path) for path in places}
    there = {path: found for path, found in looks.items() if found is not None}
    if any(max(each[1], each[2]) + _TICK_NS >= started_ns for each in there.values()):
        return None
    absent = (path for path, found in looks.items() if found is None)
    return {
        "paths": "\0".join(there),
        "digest": _digest(there.values()),
        "absent": "\0".join(absent),
    }


def holds(evidence: Evidence) -> bool:
    """Tell whether all is as it was; it costs one `stat` for each path."""
    try:
        digest = _digest(map(_FIELDS, map(os.stat, _listed(evidence["paths"]))))
    except OSError:  # one of them is gone
        return False
    return digest == evidence["digest"] and not any(map(_look, _listed(evidence["absent"])))


def _listed(text: str) -> list[str]:
    return text.split("\0") if text else []


def _look(path: str) -> tuple[int, ...] | None:
    """Return the signature of ``path``, of a link that of what it leads to; None for nothing."""
    try:
        found: tuple[int, ...] = _FIELDS(os.stat(path))  # noqa: PTH116 (thousands of them)
    except OSError:
        return None
    return found


def _digest(signatures: Iterable[tuple[int, ...]]) -> str:
    signatures = list(signatures)
    try:
        numbers = array("q", chain.from_iterable(signatures)).tobytes()
    except OverflowError:  # a file system whose numbers need 64 bits
        numbers = repr(signatures).encode()
    return hashlib.sha256(numbers).hexdigest()
