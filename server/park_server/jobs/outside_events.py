"""What happens outside of a service's jobs, and what they wait for: settled as it comes."""

from __future__ import annotations

import logging
from functools import partial

from park.model.ids import JobId
from park.model.truth import Verdict
from park.wire import InstallRecord
from park_repo.database import Change
from park_server.jobs.alarms import Alarms
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.failures.failsafe import Failsafe
from park_server.jobs.job_end import as_utf8
from park_server.tasks import Tasks

__all__ = ["OutsideEvents"]

_log = logging.getLogger("park.jobs")


class OutsideEvents:
    """Installs, reports, moments and other services; a `PeerListener`.

    All methods belong to the event loop.
    """

    def __init__(self, commits: Commits, settlement: Settlement, failsafe: Failsafe) -> None:
        self._commits = commits
        self._settlement = settlement
        self._failsafe = failsafe
        self._alarms = Alarms()
        self._tasks = Tasks(_log, "what jobs wait for could not be settled")
        commits.subscribe(self._after_commit)

    async def stop(self) -> None:
        """Settle nothing more; the next start finds what was left."""
        self._alarms.stop()
        await self._tasks.stop()

    def install_ended(self, install: InstallRecord) -> None:
        """Settle what waited for ``install``."""
        self._tasks.spawn(self._settle(lambda c: self._settlement.install_ended(c, install)))

    def reported(self, job: JobId) -> None:
        """Settle what waited for a report of progress of ``job``."""
        self._tasks.spawn(self._settle(lambda c: self._settlement.progressed(c, [job])))

    async def leaf_decided(self, job: JobId, position: int, verdict: Verdict) -> None:
        """See `PeerListener`."""
        await self._settle_for(
            job, lambda c: self._settlement.leaf_decided(c, job, position, verdict)
        )

    async def staged(self, job: JobId) -> None:
        """See `PeerListener`."""
        await self._settle_for(job, lambda c: self._settlement.staged(c, job))

    async def cannot_stage(self, job: JobId, why: str) -> None:
        """See `PeerListener`."""
        await self._settle_for(job, lambda c: self._settlement.cannot_stage(c, job, as_utf8(why)))

    def _after_commit(self, effects: Effects) -> None:
        for moment, job in effects.later:
            self._alarms.at(moment, partial(self._look_at, job))

    def _look_at(self, job: JobId) -> None:
        self._tasks.spawn(self._settle_for(job, lambda c: self._settlement.look(c, job)))

    async def _settle(self, change: Change[Effects]) -> None:
        """Commit ``change``; where that fails, look at all that waits anew."""
        try:
            await self._commits.settle(change)
        except Exception:  # noqa: BLE001 (it is told in the log)
            _log.exception("what jobs wait for could not be settled")
            await self._failsafe.catch_up()

    async def _settle_for(self, job: JobId, change: Change[Effects]) -> None:
        """Commit ``change``; where that fails, it is how ``job`` ends, which waits for it."""
        try:
            await self._commits.settle(change)
        except Exception as error:  # noqa: BLE001 (the job must end, whatever it is)
            await self._failsafe.failed(job, error)
