"""Removes what a service need not keep: on request, and by the policy of its operator."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from park.model.ids import JobId
from park.wire import CleanRecord, CleanRequest, UsageRecord
from park_repo.database import Database
from park_server.bus import EVERYTHING, Bus
from park_server.clock import later
from park_server.home import Home
from park_server.jobs.folder import JobFolders
from park_server.retention import removal_rows
from park_server.retention.content_sweep import ContentSweep, Swept
from park_server.retention.usage import usage_of
from park_server.tasks import Tasks

__all__ = ["EVERY_S", "Retention"]

_log = logging.getLogger("park.retention")

_AT_ONCE = 200
"""Jobs that are removed in one transaction: others write in between."""

EVERY_S = 3_600.0
"""From one look at what is too old to the next; clients remember no longer what is there."""


class Retention:
    """What of a service is kept. All methods belong to the event loop.

    Jobs that ended longer ago than ``keep_jobs_s`` are removed by themselves; None: never.
    """

    def __init__(
        self,
        *,
        home: Home,
        database: Database,
        bus: Bus,
        folders: JobFolders,
        content: ContentSweep,
        keep_jobs_s: float | None,
        every_s: float = EVERY_S,
    ) -> None:
        self._home = home
        self._database = database
        self._bus = bus
        self._folders = folders
        self._content = content
        self._keep_jobs_s = keep_jobs_s
        self._every_s = every_s
        self._tasks = Tasks(_log, "what is too old could not be removed")

    def start(self) -> None:
        """Begin to keep to the policy, where there is one."""
        if self._keep_jobs_s is not None:
            self._tasks.spawn(self._clean_now_and_then(self._keep_jobs_s))

    async def stop(self) -> None:
        """Remove nothing more."""
        await self._tasks.stop()

    def promise(self, sha256: str) -> None:
        """Keep a file by content for a while: a client was told that it need not send it."""
        self._content.promise(sha256)

    async def remove(self, job: JobId, user: str) -> None:
        """Remove a job of ``user`` that has ended: its record, result, logs and files.

        Raises `Conflict` where it has not ended, or another that has not needs it.
        """
        self._database.read(lambda c: removal_rows.require_free(c, job, user))
        await self._remove([job])

    async def clean(self, request: CleanRequest) -> CleanRecord:
        """Remove jobs that ended long ago, their events, and files that nothing refers to."""
        moment = later(-timedelta(seconds=request.older_than_s))
        if request.dry_run:
            count = self._database.read(lambda c: removal_rows.count(c, moment))
        else:
            count = await self._clean_jobs(moment)
        swept = await self._sweep(dry_run=request.dry_run)
        return CleanRecord(jobs=count, files=swept.files, size_bytes=swept.size)

    async def usage(self) -> UsageRecord:
        """Return what the parts of the home take."""
        jobs = self._database.read(removal_rows.count)
        return await asyncio.to_thread(usage_of, self._home, jobs)

    async def _clean_now_and_then(self, keep_s: float) -> None:
        while True:
            # not at once: what clients were told before the start is promised by nobody now
            await asyncio.sleep(self._every_s)
            done = await self.clean(CleanRequest(older_than_s=keep_s))
            if done.jobs or done.files:
                _log.info("removed %d jobs and %d files that were too old", done.jobs, done.files)

    async def _clean_jobs(self, moment: str) -> int:
        count = 0
        while jobs := self._database.read(
            lambda c: removal_rows.finished_before(c, moment, _AT_ONCE)
        ):
            await self._remove(jobs)
            count += len(jobs)
        await self._database.awrite(lambda c: removal_rows.forget_events(c, moment))
        return count

    async def _remove(self, jobs: Sequence[JobId]) -> None:
        referred_to = self._database.read(lambda c: removal_rows.digests_of(c, jobs))
        await self._database.awrite(lambda c: removal_rows.remove(c, jobs))
        for job in jobs:
            self._folders.remove(job)
        self._bus.publish(EVERYTHING)
        if referred_to:
            await asyncio.to_thread(self._discard, referred_to)

    def _discard(self, digests: set[str]) -> None:
        self._content.discard(digests, self._database.read(removal_rows.digests_in_use))

    async def _sweep(self, *, dry_run: bool) -> Swept:
        def sweep() -> Swept:
            in_use = self._database.read(removal_rows.digests_in_use)
            return self._content.sweep(in_use, dry_run=dry_run)

        return await asyncio.to_thread(sweep)
