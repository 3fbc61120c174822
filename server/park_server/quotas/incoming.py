"""Bytes on their way to a user: they count while they come, for whatever comes beside them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

__all__ = ["Incoming", "RoomFor"]


class Incoming(Protocol):
    """What comes for one user, from its announcement until it is here or given up."""

    async def admit(self, size: int) -> float:
        """Count ``size`` bytes, all that came or were announced; return how many more may come.

        Raises `OverLimit` where the user has no room for these, beside what else comes for him.
        """

    def keep(self) -> None:
        """Note that they are here, and stay."""


RoomFor = Callable[[str], AbstractContextManager[Incoming]]
"""Begins what comes for a user; after it only what was kept counts."""
