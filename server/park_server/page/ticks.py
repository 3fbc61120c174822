"""When something became of what a user has: looked up once for all windows, and told to each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from sqlalchemy import bindparam, func, select

from park_repo.database import Database
from park_server.bus import EVERYTHING, HEARD, Bus
from park_server.db.prepared import Prepared
from park_server.db.tables import events
from park_server.page.shapes.state_counts import newest_event

__all__ = ["EACH_S", "PAUSE_S", "Ticks"]

_log = logging.getLogger("park.page")

QUIET_S = 15.0
"""Seconds after which a comment shows that the stream is there: below the limits of proxies."""

PAUSE_S = 0.5
"""Between two ticks: a person sees no more, and a sweep has hundreds of events in it."""

EACH_S = 0.2
"""What each window makes that at least: to tell many costs no more than to tell three."""

_OWN = Prepared(
    select(func.max(events.c.seq)).where(
        events.c.seq > bindparam("after"), events.c.user == bindparam("name")
    )
)
_OF_EACH = Prepared(
    select(events.c.user, func.max(events.c.seq))
    .where(events.c.seq > bindparam("after"))
    .group_by(events.c.user)
)


@dataclass(eq=False, slots=True)
class _Window:
    """A page of ``user``, which was told of all up to the event ``seen``."""

    user: str
    seen: int
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Ticks:
    """Tells windows what is new; for one event loop, in which all methods are called."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._windows: set[_Window] = set()
        self._looking: asyncio.Task[None] | None = None

    async def of(self, user: str, seen: int) -> AsyncGenerator[int | None, None]:
        """Yield the newest event of ``user`` when one came after ``seen``; None for a quiet while.

        The same one again: there is something new of which no event tells.
        """
        window = _Window(user, seen)
        self._windows.add(window)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(self.newest()))
        try:
            self._tell(user, self._own(user, seen))  # what came before it was among the windows
            while self._looking is not None:
                try:
                    async with asyncio.timeout(QUIET_S):
                        await window.news.wait()
                except TimeoutError:
                    yield None
                    continue
                window.news.clear()
                if self._looking is not None:
                    yield window.seen
        finally:
            self._windows.discard(window)
            if not self._windows and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def newest(self) -> int:
        """Return the sequence number of the newest event of anybody, 0 where there is none."""
        return self._database.read(newest_event)

    def _own(self, user: str, after: int) -> int:
        row = self._database.read(lambda c: _OWN.first(c, after=after, name=user))
        return 0 if row is None or row[0] is None else int(row[0])

    async def _look(self, looked: int) -> None:
        """Tell what comes after the event ``looked``, while there is anybody to tell."""
        try:
            with self._bus.subscribed([HEARD]) as heard:
                while not self._bus.is_over:
                    newest = await self._bus.wait_until(
                        EVERYTHING,
                        self.newest,
                        lambda found: found > looked or heard.is_woken,  # noqa: B023 (called at once)
                        QUIET_S,
                    )
                    self._tell_all(looked, newest)
                    looked = max(looked, newest)
                    if heard.taken():
                        self._wake_all()
                    await asyncio.sleep(max(PAUSE_S, EACH_S * len(self._windows)))
        except Exception:  # noqa: BLE001 (their pages connect anew, and are told then)
            _log.exception("it could not be told what is new")
        finally:
            if self._looking is asyncio.current_task():
                self._looking = None
                self._wake_all()

    def _tell_all(self, looked: int, newest: int) -> None:
        if newest > looked:
            for user, own in self._database.read(lambda c: _OF_EACH.all(c, {"after": looked})):
                self._tell(user, own)

    def _tell(self, user: str, newest: int) -> None:
        for window in self._windows:
            if window.user == user and newest > window.seen:
                window.seen = newest
                window.news.set()

    def _wake_all(self) -> None:
        for window in self._windows:
            window.news.set()
