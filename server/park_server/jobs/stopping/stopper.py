"""Ends running jobs, as commits say: at once, or gently, by a file that the job looks for.

What is to be ended is in the database, so that it is found again whenever the service stops.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from park.model.ids import JobId
from park.model.states import JobKind
from park_repo.database import Database
from park_server.jobs import job_rows
from park_server.jobs.alarms import Alarms
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.cancelling import Cancelling
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.dispatcher import Dispatcher
from park_server.jobs.failures.failsafe import Failsafe, line_of_failure
from park_server.jobs.fetch_queue import FetchQueue
from park_server.jobs.folder import JobFolders
from park_server.jobs.job_end import cancelled_in_part
from park_server.jobs.stored_job import StoredJob
from park_server.tasks import Tasks

__all__ = ["Stopper"]

_log = logging.getLogger("park.jobs")

_AT_ONCE = 200
"""Jobs that are cancelled in one transaction: some 50 ms, in which no other one is made."""


class Stopper:
    """Ends jobs of the dispatcher and of the fetch queue. It belongs to the event loop."""

    def __init__(
        self,
        *,
        database: Database,
        folders: JobFolders,
        commits: Commits,
        failsafe: Failsafe,
        dispatcher: Dispatcher,
        fetch_queue: FetchQueue,
    ) -> None:
        self._database = database
        self._commits = commits
        self._folders = folders
        self._failsafe = failsafe
        self._dispatcher = dispatcher
        self._fetch_queue = fetch_queue
        self._alarms = Alarms()
        self._tasks = Tasks(_log, "a job could not be ended")
        commits.subscribe(self._after_commit)

    async def stop(self) -> None:
        """End nothing more; the next start takes up what was to be ended."""
        self._alarms.stop()
        await self._tasks.stop()

    def resume(self, running: Iterable[StoredJob]) -> None:
        """Ask those of ``running`` again that an earlier service has asked to stop."""
        for job in running:
            if job.stop_by is not None:
                self._ask(job.id, datetime.fromisoformat(job.stop_by))

    async def end(self, job: JobId) -> None:
        """End a job that was found running; returns when its processes are gone."""
        try:
            kind = self._database.read(lambda c: job_rows.kind_of(c, job))
            await (self._fetch_queue if kind is JobKind.FETCH else self._dispatcher).cancel(job)
        except Exception as error:  # noqa: BLE001 (the job must end, whatever it is)
            _log.exception("job %s could not be cancelled", job)
            self._dispatcher.let_go(job)
            await self._failsafe.end(job, cancelled_in_part(line_of_failure(error)))

    async def end_all(
        self, jobs: Sequence[JobId], cancel: Callable[[Connection, Sequence[JobId]], Cancelling]
    ) -> None:
        """``cancel`` all of ``jobs``, many in a transaction; returns when their processes are gone.

        Those that run are ended beside the transactions of the others.
        """
        await asyncio.gather(*await self.begin_to_end(jobs, cancel))

    async def begin_to_end(
        self, jobs: Sequence[JobId], cancel: Callable[[Connection, Sequence[JobId]], Cancelling]
    ) -> list[asyncio.Task[None]]:
        """``cancel`` all of ``jobs``, many in a transaction; return what ends those that run."""
        ending: list[asyncio.Task[None]] = []
        for start in range(0, len(jobs), _AT_ONCE):
            for found in await self._cancelled(jobs[start : start + _AT_ONCE], cancel):
                await self._failsafe.act_on(found.effects)
                ending += [asyncio.create_task(self.end(each)) for each in found.running]
        return ending

    async def _cancelled(
        self, some: Sequence[JobId], cancel: Callable[[Connection, Sequence[JobId]], Cancelling]
    ) -> list[Cancelling]:
        """``cancel`` jobs together or, where one of them cannot be, each by itself."""
        try:
            return [await self._commits.write(lambda c: cancel(c, some))]
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 (a job that nobody can read is no reason)
            if len(some) == 1:
                await self._failsafe.failed(some[0], error)
                return []
            return [each for job in some for each in await self._cancelled([job], cancel)]

    def _after_commit(self, effects: Effects) -> None:
        for job in effects.cancelling:
            self._tasks.spawn(self.end(job))
        for job, stop_by in effects.stopping:
            self._ask(job, stop_by)

    def _ask(self, job: JobId, stop_by: datetime) -> None:
        """Have ``job`` see that it is to stop; where that fails it has no way to hear of it."""
        self._dispatcher.expect_stop(job)
        try:
            self._folders.ask_to_stop(job)
        except OSError:
            _log.exception("job %s could not be asked to stop, and is ended", job)
            self._tasks.spawn(self.end(job))
        else:
            self._alarms.at(stop_by, partial(self._time_is_up, job))

    def _time_is_up(self, job: JobId) -> None:
        self._tasks.spawn(self.end(job))
