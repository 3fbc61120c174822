"""The queue of fetches: jobs that the service does itself, beside the slots of the others."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from park.errors import ParkError
from park.model.states import JobState
from park.wire import FetchRequest, FileRecord
from park_repo.database import Change, Database
from park_server.bus import EVERYTHING, Bus
from park_server.disk import Disk
from park_server.jobs import job_rows
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.dereference import resolved
from park_server.jobs.fetcher import FetchedFile, Fetcher
from park_server.jobs.folder import JobFolders
from park_server.jobs.job_end import JobEnd, cancelled_on_request, line_of, next_try

__all__ = ["Fetching"]

_log = logging.getLogger("park.jobs")

T = TypeVar("T")

_AT_ONCE = 4
"""Downloads at a time: they wait for networks, and take no slot of a job that computes."""


class Fetching:
    """The fetches of a service. All methods belong to the event loop.

    ``apply`` does what follows a commit; ``base_url`` is the URL of this service.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        folders: JobFolders,
        settlement: Settlement,
        fetcher: Fetcher,
        base_url: str,
        apply: Callable[[Effects], None],
        disk: Disk,
    ) -> None:
        self._database = database
        self._bus = bus
        self._folders = folders
        self._settlement = settlement
        self._fetcher = fetcher
        self._base_url = base_url
        self._apply = apply
        self._disk = disk
        self._queue: deque[str] = deque()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()

    def enqueue(self, jobs: Iterable[str]) -> None:
        """Queue ``jobs``, whose state is queued, or running since before a restart."""
        self._queue.extend(jobs)
        self._dispatch()

    async def cancel(self, job: str) -> None:
        """End a fetch that was found running; returns when it has ended."""
        task = self._tasks.get(job)
        if task is None:  # its turn has not come since a restart
            await self._end(job, cancelled_on_request())
            return
        self._cancelled.add(job)
        task.cancel()
        await asyncio.wait([task])

    async def stop(self) -> None:
        """Stop; what runs is fetched again, or resumed, at the next start."""
        self._queue.clear()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _dispatch(self) -> None:
        while self._queue and len(self._tasks) < _AT_ONCE:
            job = self._queue.popleft()
            if job not in self._tasks:
                self._tasks[job] = asyncio.create_task(self._run(job))
                self._tasks[job].add_done_callback(partial(self._done, job))

    def _done(self, job: str, task: asyncio.Task[None]) -> None:
        del self._tasks[job]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a step of fetch %s failed", job, exc_info=error)
        self._dispatch()

    async def _run(self, job: str) -> None:
        try:
            row = await self._started(job)
            if row is not None:
                await self._attempt(row)
        except asyncio.CancelledError:
            if job not in self._cancelled:  # the service stops
                raise
            self._cancelled.discard(job)
            await self._end(job, cancelled_on_request())

    async def _attempt(self, row: Any) -> None:
        try:
            async with asyncio.timeout(row.timeout_s):
                request = self._database.read(lambda c: self._request(c, row.id, row.user))
                self._folders.path_of(row.id).mkdir(exist_ok=True)
                file = await self._fetcher.fetch(row.id, row.user, request)
        except TimeoutError:
            await self._failed(row, f"ran longer than its {row.timeout_s:g} s and was stopped")
        except ParkError as error:
            await self._failed(row, line_of(error))
        except Exception as error:  # noqa: BLE001 (the job must end, whatever it is)
            _log.exception("fetch %s failed", row.id)
            await self._failed(row, f"the service failed: {type(error).__name__}: {error}")
        else:
            await self._end(row.id, _completed(file))

    def _request(self, connection: Connection, job: str, user: str) -> FetchRequest:
        request = job_rows.fetch_of(connection, job)
        url = resolved(connection, job, user, request.url, self._base_url)
        return FetchRequest(
            url=url,
            sha256=request.sha256,
            authorization=request.authorization,
            origin=request.origin,
        )

    async def _started(self, job: str) -> Any:
        """Commit to an attempt; None where the job has ended meanwhile."""

        def change(connection: Connection) -> tuple[Any, Effects]:
            row = job_rows.get(connection, job)
            effects = Effects()
            if row.status == JobState.QUEUED:
                job_rows.starting(connection, job, None, None)
                effects = self._settlement.started(connection, job)
            elif row.status != JobState.RUNNING:
                return None, effects
            return row, effects

        row, effects = await self._written(change)
        self._apply(effects)
        self._bus.publish(EVERYTHING)
        return row

    async def _failed(self, row: Any, why: str) -> None:
        moment = next_try(retries=row.retries, failures=row.failures, backoff_s=row.backoff_s)
        if moment is None:
            await self._end(row.id, JobEnd(status=JobState.FAILED, error=why))
            return
        await self._written(lambda c: job_rows.retry(c, row.id, why, moment))
        self._apply(Effects(retries=[(moment, row.id, row.kind)]))

    async def _end(self, job: str, end: JobEnd) -> None:
        try:
            change = self._settlement.end
            self._apply(await self._written(lambda c: change(c, job, end)))
        except job_rows.ImpossibleTransition:
            _log.info("fetch %s has ended already", job)

    async def _written(self, change: Change[T]) -> T:
        """Commit ``change``, however long the disk refuses it."""
        return await self._disk.patiently(lambda: self._database.awrite(change))


def _completed(file: FetchedFile) -> JobEnd:
    result = {"url": file.url, "sha256": file.sha256, "size": file.size, "name": file.name}
    kept = FileRecord(name=file.name, sha256=file.sha256, size=file.size)
    return JobEnd(status=JobState.COMPLETED, result=result, files=[kept])
