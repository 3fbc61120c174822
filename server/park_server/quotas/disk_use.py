"""How much of the disk each user has: measured now and then, what he sends counted at once."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from park_server.threads import in_thread

__all__ = ["DiskUse"]

_GOOD_FOR_S = 30.0
"""How long a measurement is taken for: it asks the database, and looks at each file of an area."""


@dataclass(slots=True)
class _Measured:
    parts: dict[str, int]
    at: float
    since: int = 0
    """Bytes that came since then."""


@dataclass(slots=True)
class DiskUse:
    """What users have on the disk. All methods belong to the event loop.

    ``measure`` returns the bytes of one user by what they are; it is called in a thread.
    """

    measure: Callable[[str], dict[str, int]]
    clock: Callable[[], float]
    coming: Counter[str] = field(default_factory=Counter)
    """Bytes on their way to each user, which no measurement finds."""
    _known: dict[str, _Measured] = field(default_factory=dict)
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def parts(self, user: str) -> dict[str, int]:
        """Return what ``user`` has, by what it is, as it is now."""
        measured = await self._measured(user, good_for_s=0.0)
        return dict(measured.parts)

    async def used(self, user: str) -> int:
        """Return how many bytes ``user`` has, as far as that is known."""
        measured = await self._measured(user, good_for_s=_GOOD_FOR_S)
        return sum(measured.parts.values()) + measured.since + self.coming[user]

    def add(self, user: str, size: int) -> None:
        """Note that ``user`` has sent ``size`` bytes."""
        if (known := self._known.get(user)) is not None:
            known.since += size

    async def _measured(self, user: str, *, good_for_s: float) -> _Measured:
        async with self._turns[user]:
            known = self._known.get(user)
            if known is None or self.clock() - known.at >= good_for_s:
                began = self.clock()
                known = _Measured(await in_thread(self.measure, user), began)
                self._known[user] = known
            return known
