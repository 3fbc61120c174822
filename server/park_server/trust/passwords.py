"""Passwords, hashed with Argon2id: off the event loop, and a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from park.errors import TooManyAttempts, UsageError
from park_server.threads import in_thread

__all__ = ["Passwords", "check_new_password"]

_AT_ONCE = 2
"""Hashes that are computed at one time: each takes 64 MiB and some 50 ms of four cores."""

_MOST_WAITING = 16
"""Logins that may wait for that; with more, somebody floods, and jobs would starve."""

_SHORTEST = 8
"""Characters of a password (NIST SP 800-63B, 3.1.1.2)."""

_LONGEST = 1024

T = TypeVar("T")


class Passwords:
    """Makes and verifies hashes with Argon2's parameters of RFC 9106 for little memory."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._nobody: str | None = None

    async def hashed(self, password: str) -> str:
        """Return the encoding of a new ``password``; raises `UsageError` for one that is none."""
        check_new_password(password)
        return await self._in_turn(lambda: self._hasher.hash(password))

    async def is_right(self, encoded: str | None, password: str) -> bool:
        """Tell whether ``password`` is the one that was ``encoded``.

        None, for somebody who has none or does not exist, takes as long as any other.
        """
        if len(password) > _LONGEST:
            return False
        if encoded is None:
            encoded = await self._of_nobody()
            await self._in_turn(lambda: self._verified(encoded, password))
            return False
        return await self._in_turn(lambda: self._verified(encoded, password))

    def _verified(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _of_nobody(self) -> str:
        if self._nobody is None:
            self._nobody = await self._in_turn(lambda: self._hasher.hash("nobody's password"))
        return self._nobody

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= _MOST_WAITING:
            raise TooManyAttempts(
                "too many logins at this moment",
                hint="try again in some seconds",
                details={"retry_after_s": 5.0},
            )
        self._waiting += 1
        try:
            async with self._turns:
                return await in_thread(work)
        finally:
            self._waiting -= 1


def check_new_password(password: str) -> None:
    """Raise `UsageError` for what no password may be; nothing is said about its characters."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise UsageError(
            f"a password has {_SHORTEST} to {_LONGEST} characters, not {len(password)}",
            hint="a few words that do not belong together are long, and can be kept in mind",
        )
