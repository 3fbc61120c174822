"""Identifiers made by the client: UUIDv7 (RFC 9562, section 5.7), sortable by time."""

from __future__ import annotations

import secrets
import time
import uuid

__all__ = ["new_id", "uuid7"]


def uuid7(milliseconds: int, random_bits: int) -> uuid.UUID:
    """Return the UUIDv7 of a Unix time in ``milliseconds`` and 74 random bits."""
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random_bits >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | random_bits & (1 << 62) - 1
    return uuid.UUID(int=value)


def new_id() -> str:
    """Return a new UUIDv7 in its usual spelling."""
    return str(uuid7(time.time_ns() // 1_000_000, secrets.randbits(74)))
