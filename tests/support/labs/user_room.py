"""The room that a user has, as a test says."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

from park.errors import NoRoom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from park_server.quotas.incoming import Incoming

__all__ = ["UserRoom"]


class UserRoom:
    """Room for ``most`` bytes; ``kept`` are those of each thing that came and stayed."""

    def __init__(self) -> None:
        self.most: float = math.inf
        self.kept: list[int] = []

    @contextmanager
    def begun(self, user: str) -> Iterator[Incoming]:
        """Begin what comes for ``user``."""
        yield _Coming(self, user)


class _Coming:
    def __init__(self, room: UserRoom, user: str) -> None:
        self._room = room
        self._user = user
        self._size = 0

    async def admit(self, size: int) -> float:
        most = self._room.most
        if size > most:
            raise NoRoom(f"{self._user} has room for {most} bytes, and not for {size}")
        self._size = max(size, self._size)
        return most - size

    def keep(self) -> None:
        self._room.kept.append(self._size)
