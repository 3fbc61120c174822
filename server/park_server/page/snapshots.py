"""What many viewers look at is made once for all of them, and not more often than is cheap.

A view of everything costs a query; ten people who watch a sweep would have it made ten times for
each of its events. Here it is made when somebody asks and it is older than a moment: half a second,
or as many times as long as it took to make and to answer all who asked, so that to be watched costs
a service at most a part of one processor that does not grow with the viewers.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

__all__ = ["Snapshots", "pause_s"]

T = TypeVar("T")

PAUSE_S = 0.5
SHARE = 20
"""A view that takes a tenth of a second is made every two: a twentieth of one processor."""

LONG_S = 0.1
SHARE_OF_LONG = 75
"""What takes longer than `LONG_S` is made every so many times as long: a seventy-fifth."""

ANSWER_S = 0.001
"""What an answer takes of a processor, whatever it says: its token, its route, its headers."""

SHARE_OF_ANSWERS = 200
"""Ten who watch are told something newer every two seconds: a two-hundredth of one processor."""

TURN_S = ANSWER_S * SHARE_OF_ANSWERS / 2
"""Between two who look at the same view: all at once, their windows would wait for each other on
their machine, and their questions here."""

_MOST = 256
"""Views that are kept; the one that was asked for longest ago goes first."""


@dataclass(kw_only=True, slots=True)
class _Kept:
    value: Any = None
    due: float = 0.0
    asked: int = 0
    """How often somebody asked since it was made."""
    making: asyncio.Task[Any] | None = None


def pause_s(took_s: float, asked: int) -> float:
    """Return how long a view is kept that took so long to make, where so many look at it."""
    share = SHARE if took_s < LONG_S else SHARE_OF_LONG
    return max(PAUSE_S, took_s * share, asked * ANSWER_S * SHARE_OF_ANSWERS)


class Snapshots:
    """Keeps views by key; for one event loop. ``clock`` returns seconds.

    ``spent`` returns those that a processor has worked for the calling thread: on a busy machine
    a view is as cheap as on an idle one, and not made more seldom.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.thread_time,
    ) -> None:
        self._clock = clock
        self._spent = spent
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], T]) -> tuple[T, float]:
        """Return what ``make`` returns, in a thread, or what it returned a moment ago.

        With it comes after how many seconds to ask again, 0 where nothing is newer: else the last
        change before a quiet time would never be seen.
        """
        kept = self._kept.setdefault(key, _Kept())
        kept.asked += 1
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        if kept.making is not None:  # it has begun before this was asked
            value = await asyncio.shield(kept.making)
            return cast("T", value), PAUSE_S
        left = kept.due - self._clock()
        if left > 0:
            return cast("T", kept.value), left
        asked, kept.asked = kept.asked, 0
        kept.making = asyncio.ensure_future(self._made(kept, make, asked))
        # who goes away does not take it from the others
        return cast("T", await asyncio.shield(kept.making)), 0.0

    def turn_s(self, key: Hashable) -> float:
        """Return for how many seconds whoever asks now is to wait for others before the next time.

        Ten who watch have half of the pause between two views for themselves.
        """
        kept = self._kept.get(key)
        if kept is None or (kept.making is None and kept.due <= self._clock()):
            return 0.0  # it is made for him
        return TURN_S * (kept.asked + 1)

    def fresh_s(self, key: Hashable) -> float:
        """Return for how many seconds more whoever asks is answered with what is there."""
        kept = self._kept.get(key)
        return 0.0 if kept is None else max(kept.due - self._clock(), 0.0)

    async def _made(self, kept: _Kept, make: Callable[[], T], asked: int) -> T:
        def measured() -> tuple[T, float]:
            began = self._spent()
            return make(), self._spent() - began

        try:
            value, took = await asyncio.to_thread(measured)
            kept.value = value
            kept.due = self._clock() + pause_s(took, asked)
            return value
        finally:
            kept.making = None
