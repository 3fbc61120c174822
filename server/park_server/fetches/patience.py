"""How often a request is repeated and after which pause, and how slow an answer may be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from park.errors import ParkError
from park.model.backoff import Backoff

__all__ = ["Pace", "Patience", "Pause"]

Pause = Callable[[float], Awaitable[object]]

_ATTEMPTS = 5
"""Without a single new byte."""

_MOST_ATTEMPTS = 50
"""In all: a server that cuts off after each few bytes holds a slot for no longer."""

_WINDOW_S = 60.0
_LEAST_BYTES_PER_S = 100
"""A twentieth of what a modem of 1990 had."""

_BACKOFF = Backoff(first_s=0.5, longest_s=60.0)


@dataclass(kw_only=True)
class Patience:
    """What is left of it for one file."""

    pause: Pause = field(default=asyncio.sleep)
    _in_vain: int = 0
    _all: int = 0

    async def after(self, error: ParkError, *, had_bytes: bool, asked_s: float | None) -> None:
        """Wait before the next attempt; raises ``error`` where there is none.

        ``asked_s`` is what Retry-After asks for: as long as that, or not at all.
        """
        self._all += 1
        self._in_vain = 1 if had_bytes else self._in_vain + 1
        if self._in_vain >= _ATTEMPTS or self._all >= _MOST_ATTEMPTS:
            raise type(error)(f"{error} (attempt {self._all})", hint=error.hint)
        if asked_s is not None and asked_s > _BACKOFF.longest_s:
            raise type(error)(
                f"{error}, and asks to wait {asked_s:.0f} s",
                hint="fetch it again later: retries= and backoff= do that for you",
            )
        backoff_s = _BACKOFF.after(self._in_vain)
        await self.pause(backoff_s if asked_s is None else max(asked_s, backoff_s))


@dataclass(kw_only=True)
class Pace:
    """Tells an answer that trickles, to hold its place here for ever, from a slow one."""

    clock: Callable[[], float]
    _since: float | None = None
    _bytes: int = 0

    def is_too_slow(self, received: int) -> bool:
        """Take note of ``received`` more bytes; tell whether the last minute was too slow."""
        moment = self.clock()
        if self._since is None:
            self._since = moment
        self._bytes += received
        if moment - self._since < _WINDOW_S:
            return False
        slow = self._bytes < _LEAST_BYTES_PER_S * (moment - self._since)
        self._since, self._bytes = moment, 0
        return slow
