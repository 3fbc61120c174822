"""What a service keeps: removed on request, and by the policy of its operator.

Each step of a clean is whole by itself and finds what an earlier one has left: a kill at any
moment costs nothing but time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from park.errors import Conflict
from park.model.ids import JobId
from park.wire import CleanRecord, CleanRequest, UsageRecord
from park_repo import queries
from park_repo.database import Database
from park_server.bus import EVERYTHING, Bus
from park_server.clock import timestamp
from park_server.home import Home
from park_server.jobs.folder import JobFolders
from park_server.retention import job_pins, removal_rows
from park_server.retention.content_sweep import ContentSweep, Swept
from park_server.retention.hold import Hold
from park_server.retention.job_folders import (
    are_aside,
    place_of,
    sweep_folders,
    unknown_folders,
)
from park_server.retention.job_removal import JobRemoval
from park_server.retention.policy import Limits, RetentionPolicy
from park_server.retention.quarantine import Emptied, empty
from park_server.retention.reference_rows import digests_in_use, digests_of
from park_server.retention.trees.tree_sweep import SweptTrees, TreeSweep
from park_server.retention.usage import measured
from park_server.tasks import Tasks
from park_server.threads import in_thread

__all__ = ["EVERY_S", "Retention"]

_log = logging.getLogger("park.retention")

EVERY_S = 3_600.0
"""From one look at what is too old to the next."""

QUOTA_EVERY_S = 600.0
"""The same where there is a quota, which jobs may be over soon."""


_DAY_S = 86_400.0

_MOST_REMEMBERED = 50_000
"""Jobs that are known to have been read; one that is forgotten costs one write more."""


class Retention:
    """What of a service is kept, by its ``policy``. All methods belong to the event loop.

    ``clock`` is in seconds since 1970; ``quarantines`` are folders of what was set aside.
    ``forget_besides`` forgets what else is of no use any more: entries of the audit log that are
    too old, and who has sent files that are gone.
    """

    def __init__(
        self,
        *,
        home: Home,
        database: Database,
        bus: Bus,
        folders: JobFolders,
        jobs: JobRemoval,
        content: ContentSweep,
        trees: TreeSweep,
        quarantines: tuple[Path, ...],
        policy: RetentionPolicy,
        environments_quota_bytes: int | None = None,
        forget_besides: Callable[[], Awaitable[object]],
        clock: Callable[[], float] = time.time,
        every_s: float | None = None,
    ) -> None:
        self._home = home
        self._hold = Hold(home.path)
        self._database = database
        self._bus = bus
        self._folders = folders
        self._jobs = jobs
        self._content = content
        self._trees = trees
        self._quarantines = quarantines
        self._policy = policy
        self._environments_quota_bytes = environments_quota_bytes
        self._forget_besides = forget_besides
        self._clock = clock
        has_quota = policy.jobs_quota_bytes is not None
        self._every_s = every_s if every_s is not None else QUOTA_EVERY_S if has_quota else EVERY_S
        self._one_at_a_time = asyncio.Lock()
        self._read: dict[JobId, float] = {}
        self._is_first = True
        self._tasks = Tasks(_log, "what is too old could not be removed")

    def start(self) -> None:
        """Begin to keep to the policy."""
        self._tasks.spawn(self._clean_now_and_then())

    async def stop(self) -> None:
        """Remove nothing more."""
        await self._tasks.stop()

    def promised(self, sha256: str) -> bool:
        """Tell whether a file by content is there, which is kept for a while then; any thread."""
        return self._content.promised(sha256)

    async def pin(self, job: JobId, user: str) -> None:
        """Keep ``job`` of ``user``, whatever the policy; raises `UnknownItem`."""
        await self._database.awrite(lambda c: job_pins.pin(c, job, user))
        self._bus.publish(EVERYTHING)

    async def unpin(self, job: JobId, user: str) -> None:
        """Let ``job`` of ``user`` go like any other; raises `UnknownItem`."""
        await self._database.awrite(lambda c: job_pins.unpin(c, job, user))
        self._bus.publish(EVERYTHING)

    def note_read(self, job: JobId, finished: str | None) -> None:
        """Note that what a job left is read, which ended at ``finished``: it is of use.

        That costs a write once a day, and none on the day of its end.
        """
        now = self._clock()
        yesterday = now - _DAY_S
        if finished is None or finished > timestamp(yesterday):
            return
        if self._read.get(job, yesterday) > yesterday:
            return
        if len(self._read) >= _MOST_REMEMBERED:
            self._read.clear()
        self._read[job] = now
        self._database.write(partial(removal_rows.note_use, job=job))

    async def remove(self, job: JobId, user: str) -> None:
        """Remove a job of ``user`` that has ended: its record, result, logs and files.

        Raises `Conflict` where it has not ended, is pinned, or another that has not ended
        needs it, and while a backup is made.
        """
        with self._hold.removing():
            await self._jobs.remove(job, user)

    async def clean(self, request: CleanRequest) -> CleanRecord:
        """Remove what the policy says, with the ages that ``request`` names in its place.

        Raises `Conflict` while a backup is made.
        """
        limits = Limits.of(self._policy.as_asked(request), self._clock())
        async with self._one_at_a_time:
            if request.dry_run:
                return await in_thread(self._would, limits)
            with self._hold.removing():
                return await self._done(limits)

    async def usage(self) -> UsageRecord:
        """Return what the parts of the home take, and what counts against the quotas."""
        return await in_thread(self._measured)

    async def _clean_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                done = await self.clean(CleanRequest())
            except Conflict as error:
                _log.info("%s", error)
                continue
            except Exception:  # noqa: BLE001 (whatever it is, the next one may do better)
                _log.exception("what is too old could not be removed; it is tried again")
                continue
            if any((done.jobs, done.logs, done.trees, done.files, done.quarantined)):
                _log.info("removed what was too old: %s", done)

    async def _done(self, limits: Limits) -> CleanRecord:
        jobs = logs = events = 0
        if limits.jobs is not None:
            forget = partial(removal_rows.forget_fetched, moment=limits.jobs)
            jobs += await self._jobs.remove_before(limits.jobs)
            await self._database.awrite(forget)
        if limits.jobs_quota_bytes is not None:
            jobs += await self._jobs.remove_over(limits.jobs_quota_bytes)
        if limits.logs is not None:
            logs = await self._jobs.remove_logs(limits.logs)
        # what this process began to remove is removed: only a kill leaves logs behind
        is_first, self._is_first = self._is_first, False
        # before the events go, which say what was removed
        await in_thread(sweep_folders, self._database, self._folders, logs=is_first)
        if limits.events is not None:
            events = await self._jobs.remove_events(limits.events)
        trees = SweptTrees()
        if limits.trees is not None:
            trees = await self._trees.sweep(limits.trees, limits.newest_trees)
        swept = await in_thread(self._swept)
        await self._forget_besides()
        emptied = await in_thread(self._emptied, limits, dry_run=False)
        return _record(trees, swept, emptied, jobs=jobs, logs=logs, events=events)

    def _would(self, limits: Limits) -> CleanRecord:
        """Return what `_done` would; what another removes meanwhile is not known."""
        jobs, logs, events = set[JobId](), set[JobId](), 0
        if limits.jobs is not None:
            jobs.update(self._jobs.before(limits.jobs, removal_rows.ended_before))
        if limits.jobs_quota_bytes is not None:
            jobs.update(self._jobs.over(limits.jobs_quota_bytes, without=jobs))
        if limits.logs is not None:
            logs.update(self._jobs.before(limits.logs, removal_rows.without_logs))
        if limits.events is not None:
            count = partial(removal_rows.old_events, moment=limits.events)
            events = self._database.read(count)
        in_use = self._database.read(lambda c: digests_in_use(c, without=jobs))
        released = self._database.read(lambda c: digests_of(c, sorted(jobs)))
        swept = Swept()
        if not are_aside(self._folders) and not unknown_folders(self._database, self._folders):
            swept = self._content.would_sweep(in_use, released)
        emptied = self._emptied(limits, dry_run=True)
        trees = SweptTrees()
        if limits.trees is not None:
            facts = (limits.trees, limits.newest_trees)
            trees = self._trees.would_sweep(*facts, without=jobs)
        counts = {"jobs": len(jobs), "logs": len(logs - jobs), "events": events}
        return _record(trees, swept, emptied, **counts)

    def _swept(self) -> Swept:
        if are_aside(self._folders):
            return Swept()  # what these jobs left may be among what nothing refers to
        return self._content.sweep(self._database.read(digests_in_use))

    def _emptied(self, limits: Limits, *, dry_run: bool) -> Emptied:
        found = [
            empty(folder, limits.quarantine, is_waste=self._was_tree, dry_run=dry_run)
            for folder in self._quarantines
        ]
        found.append(empty(place_of(self._folders), limits.quarantine, dry_run=dry_run))
        return Emptied(
            items=sum(each.items for each in found), size=sum(each.size for each in found)
        )

    def _was_tree(self, sha256: str) -> bool:
        return self._database.read(partial(queries.was_tree, sha256=sha256))

    def _measured(self) -> UsageRecord:
        return measured(
            self._home,
            self._database,
            self._jobs,
            jobs_quota_bytes=self._policy.jobs_quota_bytes,
            environments_quota_bytes=self._environments_quota_bytes,
        )


def _record(
    trees: SweptTrees, swept: Swept, emptied: Emptied, *, jobs: int, logs: int, events: int
) -> CleanRecord:
    return CleanRecord(
        jobs=jobs,
        logs=logs,
        events=events,
        trees=trees.versions,
        environments=trees.environments,
        files=swept.files,
        quarantined=emptied.items,
        size_bytes=trees.size + swept.size + emptied.size,
    )
