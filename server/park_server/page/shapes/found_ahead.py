"""Shapes of large workflows, found before anybody looks, and followed from then on.

What a person waits for at the first look is mostly the way through the graph. The service goes it
when a workflow has become large, beside its work, and then takes in what comes and what becomes of
it: so whoever looks finds it known, and a few moments old.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, or_, select
from sqlalchemy.exc import DBAPIError

from park.model.ids import JobId
from park.model.states import JobState
from park_repo.database import Database
from park_repo.sql.losses import is_loss
from park_server.bus import EVERYTHING, Bus
from park_server.db.prepared import Prepared
from park_server.db.tables import events, needs
from park_server.page.shapes import known_shapes
from park_server.page.shapes.known_shapes import WorkflowShapes
from park_server.page.shapes.quotient import size_of
from park_server.page.shapes.state_counts import newest_event
from park_server.tasks import Tasks
from park_server.threads import in_thread

__all__ = ["FoundAhead"]

_log = logging.getLogger("park.page")

PAUSE_S = 1.0
"""Between two looks: as many jobs are submitted in it as are taken in unnoticed."""

SHARE = 50
"""How many times as long as a look took the next one waits: a fiftieth of one processor."""

_BEFORE = 500_000
"""Events before a start among which workflows of an earlier process are found."""

_CAME = (JobState.WAITING, JobState.QUEUED, JobState.COMPLETED)
"""As what a job is told of first; of one that is told of again, its needs count again."""

_CONNECTED = Prepared(
    select(
        events.c.user,
        func.count(events.c.id.distinct()),
        func.count(needs.c.needed.distinct()),
        func.min(events.c.id),
        func.max(events.c.id),
    )
    .join(needs, (needs.c.job == events.c.id) & (needs.c.service == ""))
    .where(
        events.c.seq > bindparam("after"),
        events.c.seq <= bindparam("newest"),
        events.c.subject == "job",
        or_(*(events.c.type == str(state) for state in _CAME)),
    )
    .group_by(events.c.user)
)
"""What came and needs others: of a workflow each job does or is needed, so half of it at least is
in one of both counts. The one that needs a whole sweep may be the only one that does."""


class _Arrivals(NamedTuple):
    """How many jobs of ``user`` came that need others, and how many others; the first and last."""

    user: str
    jobs: int
    needed: int
    first: JobId
    last: JobId


@dataclass(slots=True)
class _Crowd:
    """How many jobs of one user may be connected, and some of those that came."""

    size: int
    some: tuple[JobId, ...]

    def come(self, arrivals: _Arrivals) -> None:
        """Take in more; one that came alone may be the newest, so others are asked as well."""
        self.size += max(arrivals.jobs, arrivals.needed)
        first = min((*self.some, arrivals.first))
        self.some = tuple(dict.fromkeys((first, arrivals.first, arrivals.last)))


class FoundAhead:
    """Keeps the ``shapes`` of large workflows known; for one event loop."""

    def __init__(self, database: Database, bus: Bus, shapes: WorkflowShapes) -> None:
        self._database = database
        self._bus = bus
        self._shapes = shapes
        self._after = 0
        self._crowds: dict[str, _Crowd] = {}
        self._tasks = Tasks(_log, "large workflows are found when somebody looks, and not before")

    def start(self) -> None:
        """Look from now on, at what an earlier process left as well."""
        self._after = max(self._newest() - _BEFORE, 0)
        self._tasks.spawn(self._look_again_and_again())

    async def stop(self) -> None:
        """Look no more; the next process goes on from what is known now."""
        await self._tasks.stop()
        try:
            await in_thread(self._database.read, self._shapes.keep_all)
        except DBAPIError as error:
            if not is_loss(error):
                raise

    def look(self) -> float:
        """Find what has become large, and follow what was; return the seconds of a processor."""
        began, newest = time.thread_time(), self._newest()
        arrived = self._arrived(newest)
        for user, job in self._shapes.behind(newest):
            self._database.read(partial(self._shapes.catch_up, user=user, job=job))
        for user in arrived:
            crowd = self._crowds[user]
            if crowd.size >= known_shapes.LARGE:
                self._find(user, crowd)
        return time.thread_time() - began

    async def _look_again_and_again(self) -> None:
        while not self._bus.is_over:
            try:
                await self._bus.wait_until(
                    EVERYTHING, self._newest, lambda found: found > self._after, math.inf
                )
                await asyncio.sleep(PAUSE_S)
                spent_s = await in_thread(self.look)
            except DBAPIError as error:
                if not is_loss(error):
                    raise
                spent_s = PAUSE_S / SHARE  # of the outage somebody else has told
            await asyncio.sleep(spent_s * SHARE)

    def _newest(self) -> int:
        return self._database.read(newest_event)

    def _arrived(self, newest: int) -> set[str]:
        """Return whose jobs came since the last look; they are counted then."""
        between = {"after": self._after, "newest": newest}
        found = self._database.read(
            lambda c: [_Arrivals(*row) for row in _CONNECTED.all(c, between)]
        )
        self._after = newest
        for each in found:
            self._crowds.setdefault(each.user, _Crowd(0, ())).come(each)
        return {each.user for each in found}

    def _find(self, user: str, crowd: _Crowd) -> None:
        """Find what the jobs of ``user`` belong to, unless all of it is small."""
        are_large = [
            self._database.read(partial(self._is_known, user=user, job=job)) for job in crowd.some
        ]
        if not any(are_large):
            crowd.size, crowd.some = 0, ()

    def _is_known(self, connection: Connection, user: str, job: JobId) -> bool:
        """Tell whether ``job`` belongs to a large workflow, which is known then."""
        if self._shapes.is_current(connection, user, job):
            return True
        is_large = size_of(connection, job, known_shapes.LARGE) == known_shapes.LARGE
        if is_large:
            self._shapes.find(connection, user, job)
        return is_large
