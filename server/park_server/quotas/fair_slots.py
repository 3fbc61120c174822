"""Slots for which users take turns: for work that the service does itself, a few at a time."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

__all__ = ["FairSlots"]


class FairSlots:
    """So many of them; all methods belong to the event loop.

    What comes free is for who has the fewest, then for who had his last turn longest ago. Those
    of one user come in their order. The last one that is free is for who has none, and for whom
    ``may_have_all`` says so: work that takes long would keep all from everybody else.
    """

    def __init__(self, count: int, may_have_all: Callable[[str], bool]) -> None:
        self._free = count
        self._may_have_all = may_have_all
        self._taken: Counter[str] = Counter()
        self._turns: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def slot(self, user: str) -> AsyncIterator[None]:
        """Wait for the turn of ``user``, and have a slot within the block."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(user, deque()).append(turn)
        self._serve()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._free += 1
                self._taken[user] -= 1
            turn.cancel()
            self._serve()

    def _serve(self) -> None:
        """Give what is free to those whose turn it is."""
        while self._free and (user := self._next()) is not None:
            self._waiting[user].popleft().set_result(None)
            self._free -= 1
            self._taken[user] += 1
            self._turns[user] = next(self._numbers)

    def _next(self) -> str | None:
        """Return whose turn it is, of those who still wait."""
        for queue in self._waiting.values():
            while queue and queue[0].done():  # whoever waited was cancelled
                queue.popleft()
        self._waiting = {user: queue for user, queue in self._waiting.items() if queue}
        takers = (user for user in self._waiting if self._may_take(user))
        return min(takers, key=self._place_of, default=None)

    def _may_take(self, user: str) -> bool:
        return self._free > 1 or not self._taken[user] or self._may_have_all(user)

    def _place_of(self, user: str) -> tuple[int, int]:
        return self._taken[user], self._turns.get(user, 0)
