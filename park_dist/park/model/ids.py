"""Identifiers made by the client: UUIDv7 (RFC 9562, section 5.7), sortable by time."""

from __future__ import annotations

import os
import re
import time
from typing import NewType

from park.errors import UsageError

__all__ = ["JobId", "brief", "check_id", "job_id", "new_id", "uuid7"]

JobId = NewType("JobId", str)
"""The id of a job, checked where it came in (`job_id`) or read from a row."""


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What is also the name of a folder, and a segment of a URL, on every system."""


def check_id(name: str) -> None:
    """Refuse what a service takes as no id, whoever made it: raises `UsageError`."""
    if not _ID.fullmatch(name):
        shown = name if len(name) <= _MOST_SHOWN else f"{name[:_MOST_SHOWN]}…"
        raise UsageError(
            f"{shown!r} is no id: expected 1 to 64 letters, digits, - and _",
            hint="a client makes a UUIDv7 for each job and install",
        )


_MOST_SHOWN = 64


def job_id(name: str) -> JobId:
    """Return ``name`` as the id of a job; raises `UsageError` as `check_id` does."""
    check_id(name)
    return JobId(name)


def uuid7(milliseconds: int, random_bits: int) -> str:
    """Return the UUIDv7 of a Unix time in ``milliseconds`` and 74 random bits, as text."""
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random_bits >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | random_bits & (1 << 62) - 1
    digits = f"{value:032x}"  # `uuid` would be the only thing that loads `platform`
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


_BYTES = 10
_AT_A_TIME = 256
"""Asking the system for each id would take longer than all else, and let other threads in."""

_random: list[int] = []


def _random_bits() -> int:
    try:
        return _random.pop()  # one operation: no two threads get the same
    except IndexError:
        pass  # more are made of
    data = os.urandom(_AT_A_TIME * _BYTES)
    parts = (data[start : start + _BYTES] for start in range(_BYTES, len(data), _BYTES))
    _random.extend(_bits(part) for part in parts)
    return _bits(data[:_BYTES])


def _bits(data: bytes) -> int:
    return int.from_bytes(data) & (1 << 74) - 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.clear)  # else parent and child made the same ids


def new_id() -> str:
    """Return a new UUIDv7 in its usual spelling."""
    return uuid7(time.time_ns() // 1_000_000, _random_bits())


_BRIEF = 6


def brief(name: str) -> str:
    """Return the end of an id: a UUIDv7 begins with the time, which jobs made together share."""
    return name if len(name) <= _BRIEF else f"…{name[-_BRIEF:]}"
