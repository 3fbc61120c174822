"""The queue of fetches: jobs that the service does itself, beside the slots of the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from sqlalchemy import Connection

from park.errors import ParkError
from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park.wire import FetchRequest, FileRecord
from park_repo.database import Database
from park_server.bus import EVERYTHING, Bus
from park_server.jobs import job_rows
from park_server.jobs.alarms import Alarms
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.dereference import resolved
from park_server.jobs.failures.failsafe import Failsafe, line_of_failure
from park_server.jobs.folder import JobFolders
from park_server.jobs.job_end import JobEnd, cancelled_on_request, line_of, next_try
from park_server.jobs.seams import FetchedFile, Fetcher
from park_server.jobs.stored_job import StoredJob
from park_server.jobs.together.turning_points import start_all
from park_server.jobs.turns.turn_rows import with_users
from park_server.jobs.turns.turns import Turns

__all__ = ["FetchQueue"]

_log = logging.getLogger("park.jobs")

_AT_ONCE = 4
"""Downloads at a time: they wait for networks, and take no slot of a job that computes."""


class FetchQueue:
    """The fetches of a service: users take turns. All methods belong to the event loop.

    ``base_url`` is the URL of this service. ``opened`` opens what is kept sealed. ``resting``
    tells how many fetches wait for a person, and take no turn from others; `look` is called when
    there are more or fewer.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        folders: JobFolders,
        settlement: Settlement,
        commits: Commits,
        failsafe: Failsafe,
        fetcher: Fetcher,
        opened: Callable[[str], str],
        base_url: str = "",
        resting: Callable[[Collection[JobId]], int] = lambda _: 0,
    ) -> None:
        self._resting = resting
        self._database = database
        self._bus = bus
        self._folders = folders
        self._settlement = settlement
        self._commits = commits
        self._failsafe = failsafe
        self._fetcher = fetcher
        self._opened = opened
        self._base_url = base_url
        self._alarms = Alarms()
        self._turns = Turns()
        self._queue = self._turns.lanes
        self._tasks: dict[JobId, asyncio.Task[None]] = {}
        self._again: set[JobId] = set()
        self._cancelled: set[JobId] = set()
        commits.subscribe(self._after_commit)

    def enqueue(self, jobs: Iterable[JobId], users: Mapping[JobId, str] | None = None) -> None:
        """Queue ``jobs``, whose state is queued, or running since before a restart."""
        self._queue.add(with_users(self._database, list(jobs), users or {}))
        self._dispatch()

    def look(self) -> None:
        """Begin what may begin now."""
        self._dispatch()

    async def cancel(self, job: JobId) -> None:
        """End a fetch that was found running; returns when it has ended."""
        task = self._tasks.get(job)
        if task is None:  # its turn has not come since a restart
            await self._failsafe.end(job, cancelled_on_request())
            return
        self._cancelled.add(job)
        task.cancel()
        await asyncio.wait([task])

    async def stop(self) -> None:
        """Stop; what runs is fetched again, or resumed, at the next start."""
        self._alarms.stop()
        self._queue.clear()
        self._again.clear()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _after_commit(self, effects: Effects) -> None:
        if effects.fetches:
            self.enqueue(effects.fetches, effects.users)
        for retry in effects.retries:
            if retry.kind is JobKind.FETCH:
                self._alarms.at(retry.not_before, partial(self.enqueue, [retry.job]))

    def _dispatch(self) -> None:
        while self._is_free() and (user := self._queue.turn()) is not None:
            job = self._queue.pop(user)
            if job in self._tasks:  # a retry whose moment came before its failure was settled
                self._again.add(job)
            else:
                self._turns.took(user, job)
                self._tasks[job] = asyncio.create_task(self._run(job))
                self._tasks[job].add_done_callback(partial(self._done, job))

    def _is_free(self) -> bool:
        return len(self._tasks) - self._resting(self._tasks) < _AT_ONCE

    def _done(self, job: JobId, task: asyncio.Task[None]) -> None:
        del self._tasks[job]
        self._turns.gave_back(job)
        if job in self._again:
            self._again.discard(job)
            self.enqueue([job])
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a step of fetch %s failed", job, exc_info=error)
        self._dispatch()

    async def _run(self, job: JobId) -> None:
        try:
            stored = await self._started(job)
            if stored is not None:
                await self._attempt(stored)
        except asyncio.CancelledError:
            if job not in self._cancelled:  # the service stops
                raise
            self._cancelled.discard(job)
            await self._failsafe.end(job, cancelled_on_request())
        except Exception as error:  # noqa: BLE001 (the job must end, whatever it is)
            await self._failsafe.failed(job, error)

    async def _attempt(self, job: StoredJob) -> None:
        try:
            async with asyncio.timeout(job.options.timeout_s):
                request = self._database.read(lambda c: self._request(c, job.id, job.user))
                self._folders.path_of(job.id).mkdir(exist_ok=True)
                file = await self._fetcher.fetch(job.id, job.user, request)
        except TimeoutError:
            await self._failed(
                job, f"ran longer than its {job.options.timeout_s:g} s and was stopped"
            )
        except ParkError as error:
            await self._failed(job, line_of(error))
        except Exception as error:  # noqa: BLE001 (the job must end, whatever it is)
            _log.exception("fetch %s failed", job.id)
            await self._failed(job, line_of_failure(error))
        else:
            await self._failsafe.end(job.id, _completed(file))

    def _request(self, connection: Connection, job: JobId, user: str) -> FetchRequest:
        request = job_rows.fetch_of(connection, job)
        url = resolved(connection, job, user, request.url, self._base_url)
        sealed = request.authorization
        return FetchRequest(
            url=url,
            sha256=request.sha256,
            authorization=None if sealed is None else self._opened(sealed),
            origin=request.origin,
        )

    async def _started(self, job: JobId) -> StoredJob | None:
        """Commit to an attempt; None where the job has ended meanwhile."""

        def change(connection: Connection) -> tuple[StoredJob | None, Effects]:
            stored = job_rows.get(connection, job)
            effects = Effects()
            if stored.status is JobState.QUEUED:
                start_all(connection, {job: None}, None)
                effects = self._settlement.started(connection, [job])
            elif stored.status is not JobState.RUNNING:
                return None, effects
            return stored, effects

        stored, effects = await self._commits.write(change)
        self._commits.publish(effects)
        self._bus.publish(EVERYTHING)
        return stored

    async def _failed(self, job: StoredJob, why: str) -> None:
        moment = next_try(job.options, job.failures)
        if moment is None:
            await self._failsafe.end(job.id, JobEnd(status=JobState.FAILED, error=why))
            return
        await self._commits.settle(lambda c: self._settlement.retry(c, job.id, why, moment))


def _completed(file: FetchedFile) -> JobEnd:
    result = {"url": file.url, "sha256": file.sha256, "size": file.size, "name": file.name}
    kept = FileRecord(name=file.name, sha256=file.sha256, size=file.size)
    return JobEnd(status=JobState.COMPLETED, result=result, files=[kept])
