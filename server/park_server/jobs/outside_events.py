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
from park_server.tasks import Tasks

__all__ = ["OutsideEvents"]

_log = logging.getLogger("park.jobs")


class OutsideEvents:
    """Installs, reports, moments and other services; a `PeerListener`.

    All methods belong to the event loop.
    """

    def __init__(self, commits: Commits, settlement: Settlement) -> None:
        self._commits = commits
        self._settlement = settlement
        self._alarms = Alarms()
        self._tasks = Tasks(_log, "what jobs wait for could not be settled")
        commits.subscribe(self._after_commit)

    async def stop(self) -> None:
        """Settle nothing more; the next start finds what was left."""
        self._alarms.stop()
        await self._tasks.stop()

    def install_ended(self, install: InstallRecord) -> None:
        """Settle what waited for ``install``."""
        self._settle_later(lambda c: self._settlement.install_ended(c, install))

    def reported(self, job: JobId) -> None:
        """Settle what waited for a report of progress of ``job``."""
        self._settle_later(lambda c: self._settlement.progressed(c, job))

    async def leaf_decided(self, job: JobId, position: int, verdict: Verdict) -> None:
        """See `PeerListener`."""
        await self._commits.settle(
            lambda c: self._settlement.leaf_decided(c, job, position, verdict)
        )

    async def staged(self, job: JobId) -> None:
        """See `PeerListener`."""
        await self._commits.settle(lambda c: self._settlement.staged(c, job))

    async def cannot_stage(self, job: JobId, why: str) -> None:
        """See `PeerListener`."""
        await self._commits.settle(lambda c: self._settlement.cannot_stage(c, job, why))

    def _after_commit(self, effects: Effects) -> None:
        for moment, job in effects.later:
            self._alarms.at(moment, partial(self._look_at, job))

    def _look_at(self, job: JobId) -> None:
        self._settle_later(lambda c: self._settlement.look(c, job))

    def _settle_later(self, change: Change[Effects]) -> None:
        self._tasks.spawn(self._commits.settle(change))
