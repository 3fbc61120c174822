"""Identifiers made by the client: UUIDv7 (RFC 9562, section 5.7), sortable by time."""

from __future__ import annotations

import os
import secrets
import time
import uuid
from contextlib import suppress

__all__ = ["new_id", "uuid7"]


def uuid7(milliseconds: int, random_bits: int) -> uuid.UUID:
    """Return the UUIDv7 of a Unix time in ``milliseconds`` and 74 random bits."""
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random_bits >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | random_bits & (1 << 62) - 1
    return uuid.UUID(int=value)


_BYTES = 10
_AT_A_TIME = 256
"""Asking the system for each id would take longer than all else, and let other threads in."""

_random: list[int] = []


def _random_bits() -> int:
    with suppress(IndexError):
        return _random.pop()  # one operation: no two threads get the same
    data = secrets.token_bytes(_AT_A_TIME * _BYTES)
    parts = (data[start : start + _BYTES] for start in range(_BYTES, len(data), _BYTES))
    _random.extend(_bits(part) for part in parts)
    return _bits(data[:_BYTES])


def _bits(data: bytes) -> int:
    return int.from_bytes(data) & (1 << 74) - 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.clear)  # else parent and child made the same ids


def new_id() -> str:
    """Return a new UUIDv7 in its usual spelling."""
    return str(uuid7(time.time_ns() // 1_000_000, _random_bits()))
