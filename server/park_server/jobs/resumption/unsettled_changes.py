"""What changes have left to be settled: gone on with piece by piece, with all others in between.

The rest of a cascade is in the database, noted by the change that began it; so a start goes on
where a service was killed.
"""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from park.errors import ServiceFault
from park.model.ids import JobId
from park_repo.database import Database
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.pieces.settling_on import next_subject, pass_over
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.failures.failsafe import Failsafe
from park_server.tasks import Tasks

__all__ = ["UnsettledChanges"]

_log = logging.getLogger("park.jobs")

_AGAIN_S = 1.0
"""Until the next try of a database that failed."""


class UnsettledChanges:
    """Settles what is left, one piece after another. All methods belong to the event loop."""

    def __init__(
        self, *, database: Database, commits: Commits, settlement: Settlement, failsafe: Failsafe
    ) -> None:
        self._database = database
        self._commits = commits
        self._settlement = settlement
        self._failsafe = failsafe
        self._is_behind = False
        self._is_at_it = False
        self._tasks = Tasks(_log, "what follows from a change waits for the next start")
        commits.subscribe(self._after_commit)

    async def stop(self) -> None:
        """Settle no more; the next start goes on."""
        await self._tasks.stop()

    async def finished(self) -> None:
        """Return when all is settled."""
        await self._tasks.finish()

    def _after_commit(self, effects: Effects) -> None:
        if effects.unsettled:
            self._is_behind = True
            if not self._is_at_it:
                self._is_at_it = True
                self._tasks.spawn(self._go_on())

    async def _go_on(self) -> None:
        try:
            while self._is_behind:
                self._is_behind = False  # the effects of the next piece tell it anew
                await self._settle_some()
        finally:
            self._is_at_it = False

    async def _settle_some(self) -> None:
        try:
            effects = await self._commits.write(self._settlement.settle_on)
        except ServiceFault:  # the database is closed, or acknowledges nothing more
            raise
        except SQLAlchemyError:
            _log.exception("what follows from a change could not be settled")
            await asyncio.sleep(_AGAIN_S)
            self._is_behind = True
        except Exception:  # noqa: BLE001 (one by one it is found out whose it is)
            await self._settle_one()
            self._is_behind = True
        else:
            await self._failsafe.act_on(effects)

    async def _settle_one(self) -> None:
        """Settle the next job alone; where that raises it is the end of that job."""
        job = self._database.read(next_subject)
        try:
            effects = await self._commits.write(lambda c: self._settlement.settle_on(c, most=1))
        except (ServiceFault, SQLAlchemyError):
            raise
        except Exception as error:  # noqa: BLE001 (it is told in the log, and to the job's user)
            if job is not None:
                await self._failsafe.failed(JobId(job), error)
            await self._commits.write(lambda c: pass_over(c, job))
        else:
            await self._failsafe.act_on(effects)
