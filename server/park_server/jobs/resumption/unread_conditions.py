"""Conditions of jobs that wait since before a start: read while the service serves, in pieces.

A hundred thousand jobs may wait, and nobody should wait for them to be read. Whatever happens
to a job before its condition was read is settled from its rows all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from park.errors import ServiceFault
from park.model.ids import JobId
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.effects import Effects, Unread
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.failures.failsafe import Failsafe
from park_server.tasks import Tasks

__all__ = ["UnreadConditions"]

_log = logging.getLogger("park.jobs")

_AT_ONCE = 100
"""Jobs in one transaction, some 20 ms, so that no other one waits for long."""

_AGAIN_S = 1.0
"""Until the next try of a database that failed."""

_MANY = 1_000
"""From how many jobs on the log says when they are read."""


class UnreadConditions:
    """Reads what waits since before a start. All methods belong to the event loop."""

    def __init__(self, commits: Commits, settlement: Settlement, failsafe: Failsafe) -> None:
        self._commits = commits
        self._settlement = settlement
        self._failsafe = failsafe
        self._newest: Unread | None = None
        self._given_up: set[JobId] = set()
        self._tasks = Tasks(_log, "conditions could not be read")
        commits.subscribe(self._after_commit)

    async def stop(self) -> None:
        """Read no more; the next start begins anew."""
        await self._tasks.stop()

    async def finished(self) -> None:
        """Return when all is read."""
        await self._tasks.finish()

    def _after_commit(self, effects: Effects) -> None:
        if effects.unread is not None:
            self._newest = effects.unread
            self._tasks.spawn(self._read(effects.unread))

    async def _read(self, unread: Unread) -> None:
        """Look at all of ``unread``, unless a newer one takes its place."""
        first = 0
        while self._newest is unread and first < len(unread.jobs):
            first += await self._read_some(unread.jobs[first : first + _AT_ONCE])
        if self._newest is unread:
            await self._conclude(unread)

    async def _conclude(self, unread: Unread) -> None:
        """Have units of pools given out: all who wait for some are known."""
        try:
            await self._persistently(lambda c: (self._settlement.all_read(c, unread), 0))
        except ServiceFault:
            raise
        except Exception:  # noqa: BLE001 (it is told in the log)
            _log.exception("units of pools could not be given out")
            await self._failsafe.catch_up()
        if len(unread.jobs) >= _MANY:
            _log.info("the conditions of %s waiting jobs are read", f"{len(unread.jobs):,}")

    async def _read_some(self, jobs: Sequence[JobId]) -> int:
        """Look at the first ones of ``jobs``; return how many these are."""
        try:
            return await self._persistently(lambda c: self._settlement.read_on(c, jobs))
        except ServiceFault:  # the database is closed, or acknowledges nothing more
            raise
        except Exception as error:  # noqa: BLE001 (it is told in the log, or the end of a job)
            if len(jobs) == 1:
                await self._give_up(jobs[0], error)
                return 1
        for job in jobs:
            await self._read_some([job])
        return len(jobs)

    async def _give_up(self, job: JobId, error: Exception) -> None:
        """End ``job``, whose condition raises ``error``, once: what follows reads all anew."""
        if job not in self._given_up:
            self._given_up.add(job)
            await self._failsafe.failed(job, error)

    async def _persistently(self, change: Callable[[Connection], tuple[Effects, int]]) -> int:
        """Commit ``change``, again and again while it is the database that fails."""
        while True:
            try:
                effects, count = await self._commits.write(change)
            except SQLAlchemyError:
                _log.exception("the conditions of waiting jobs could not be read")
                await asyncio.sleep(_AGAIN_S)
            else:
                await self._failsafe.act_on(effects)
                return count
