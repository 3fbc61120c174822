"""The end of a job that an exception has stopped: told once, with what waited for it settled.

Whatever is done for a job may raise: a row that cannot be read, a file system that says what
nobody expected, a defect. Then the job ends with that as its reason. What was committed by
then has perhaps not been acted upon, so what a restart would find left is taken up as well.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from sqlalchemy import Connection

from park.errors import ParkError, UnknownItem
from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park_repo.database import Joint
from park_server.bus import Bus
from park_server.jobs import job_rows
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.job_end import JobEnd, as_utf8, line_of

__all__ = ["Failsafe", "line_of_failure"]

_log = logging.getLogger("park.jobs")


class Failsafe:
    """Ends jobs, whatever is raised meanwhile. All methods belong to the event loop."""

    def __init__(self, *, bus: Bus, settlement: Settlement, commits: Commits) -> None:
        self._bus = bus
        self._settlement = settlement
        self._commits = commits
        self._ends = Joint(settlement.end_all)

    async def end(self, job: JobId, end: JobEnd) -> None:
        """End ``job``, and settle what waited for it; one that has ended stays as it is."""
        try:
            await self._ended(job, end)
        except Exception as error:  # noqa: BLE001 (the job must end, whatever it is)
            await self.failed(job, error)

    async def failed(self, job: JobId, error: Exception) -> None:
        """End ``job`` with ``error`` as its reason.

        Where that is no refusal but a defect, what it cut off is taken up.
        """
        is_refusal = isinstance(error, ParkError)
        if not is_refusal:
            _log.error("a step of job %s failed", job, exc_info=error)
        try:
            await self._ended(job, JobEnd(status=JobState.FAILED, error=line_of_failure(error)))
        except Exception:  # noqa: BLE001 (it is told in the log)
            _log.exception("job %s could not be ended", job)
            is_refusal = False
        if not is_refusal:
            await self.catch_up()

    async def act_on(self, effects: Effects) -> None:
        """Have done what follows a commit; never raises."""
        try:
            self._commits.publish(effects)
        except Exception:  # noqa: BLE001 (it is told in the log)
            _log.exception("what follows a commit failed")
            await self.catch_up()

    async def catch_up(self) -> None:
        """Act upon what is committed and perhaps was not acted upon; never raises."""
        try:
            await self.take_up()
        except Exception:  # noqa: BLE001 (it is told in the log)
            _log.exception("what a failure cut off waits for the next start of the service")

    async def take_up(self) -> None:
        """Find what may start or be settled now, as the database has it, and have it done.

        Whoever acts on it leaves out what is under way.
        """
        self._commits.publish(await self._commits.write(self._left))

    def _left(self, connection: Connection) -> Effects:
        retries = job_rows.waiting_for_retry(connection)
        held_back = [retry for retry in retries if retry.not_before > datetime.now(UTC)]
        not_yet = {retry.job for retry in held_back}
        queued = {
            kind: [
                job for job in job_rows.ids(connection, JobState.QUEUED, kind) if job not in not_yet
            ]
            for kind in JobKind
        }
        effects = self._settlement.resume(connection)
        # what was queued before stays before what is queued by this look
        effects.queued[:0] = queued[JobKind.CALL]
        effects.fetches[:0] = queued[JobKind.FETCH]
        effects.retries.extend(held_back)
        return effects

    async def _ended(self, job: JobId, end: JobEnd) -> None:
        try:
            self._commits.publish_once(await self._commits.write_joint(self._ends, (job, end)))
        except job_rows.ImpossibleTransition:
            _log.info("job %s has ended already", job)
        except UnknownItem:
            _log.info("job %s was never accepted", job)
        finally:
            self._bus.publish(job)


def line_of_failure(error: Exception) -> str:
    """Return what a person reads of ``error``: a refusal as it is, anything else as a defect."""
    if isinstance(error, ParkError):
        return as_utf8(line_of(error))
    return as_utf8(f"the service failed: {type(error).__name__}: {error}")
