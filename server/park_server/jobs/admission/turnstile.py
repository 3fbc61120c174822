"""A turnstile: one at a time goes through, and users whose work waits there take turns.

What is written goes by in the order in which it was handed over. So whoever hands over all that
he has at once stands before everybody else with all of it; here nobody has more than one
piece before those of others.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["Turnstile"]


class Turnstile:
    """Lets one through at a time, of each user in his order; for one event loop."""

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def passed(self, user: str) -> AsyncIterator[None]:
        """Wait for a turn of ``user``, and keep others from theirs until the block ends."""
        await self._enter(user)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, user: str) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(user, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it had come to his turn by then
                self._leave()
            raise

    def _leave(self) -> None:
        """Give the turn to who waits longest of the next user; he then stands behind the others."""
        while self._waiting:
            user = next(iter(self._waiting))
            turns = self._waiting.pop(user)
            turn = turns.popleft()
            if turns:
                self._waiting[user] = turns
            if not turn.done():
                turn.set_result(None)
                return
        self._is_taken = False
