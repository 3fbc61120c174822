"""Removal of jobs, their logs and events: on request, by age, and what is over the quota."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from functools import partial

from sqlalchemy import Connection

from park.model.ids import JobId
from park_repo.database import Database
from park_server.bus import EVERYTHING, Bus
from park_server.content import ContentStore
from park_server.jobs.folder import JobFolders
from park_server.retention import removal_rows
from park_server.retention.content_sweep import ContentSweep
from park_server.retention.job_quota import KeptJob, over_quota
from park_server.retention.reference_rows import digests_of, kept_jobs, still_named
from park_server.retention.removal_rows import Ended
from park_server.retention.sizes_on_disk import size_below
from park_server.threads import in_thread

__all__ = ["JobRemoval"]

_AT_ONCE = 200
"""Jobs that are removed in one transaction: others write in between."""

_LOOKED_AT = 5_000
"""Jobs that are found in one query, which goes through all that there are."""

_EVENTS_AT_ONCE = 2_000

_Query = Callable[[Connection, str, Ended | None, int], list[Ended]]


class JobRemoval:
    """Removes jobs. Belongs to the event loop.

    A record goes first, in a transaction that sees whether it may; then what belongs to it.
    What a crash leaves in between, the next sweeps find.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        folders: JobFolders,
        store: ContentStore,
        content: ContentSweep,
    ) -> None:
        self._database = database
        self._bus = bus
        self._folders = folders
        self._store = store
        self._content = content

    async def remove(self, job: JobId, user: str) -> None:
        """Remove a job of ``user``, with what nobody else has of its files; see `removal_rows`."""
        files = await in_thread(self._database.read, lambda c: digests_of(c, [job]))
        await self._database.awrite(lambda c: removal_rows.remove_on_request(c, job, user))
        self._gone([job], files)
        if files:
            await in_thread(self._discard, files)

    async def remove_before(self, moment: str) -> int:
        """Remove the jobs that ended before ``moment`` and that nothing keeps; return how many."""
        count = 0
        async for jobs in self._pieces(removal_rows.ended_before, moment):
            count += await self._remove(jobs)
        return count

    async def remove_over(self, quota_bytes: int) -> int:
        """Remove ended jobs until the rest fits into ``quota_bytes``; return how many."""
        chosen = await in_thread(self.over, quota_bytes)
        return sum([await self._remove(piece) for piece in _pieces(chosen)])

    async def remove_logs(self, moment: str) -> int:
        """Remove the logs of the jobs that ended before ``moment``; return how many had any."""
        count = 0
        async for jobs in self._pieces(removal_rows.without_logs, moment):
            gone = await self._database.awrite(partial(removal_rows.forget_logs, ids=jobs))
            await in_thread(self._without_logs, gone)
            count += len(gone)
        return count

    async def remove_events(self, moment: str) -> int:
        """Remove the events from before ``moment``, but those of pinned jobs."""
        count, last, found = 0, 0, _EVENTS_AT_ONCE
        while found == _EVENTS_AT_ONCE:
            forget = partial(
                removal_rows.forget_events, moment=moment, after=last, limit=_EVENTS_AT_ONCE
            )
            found, last = await self._database.awrite(forget)
            count += found
        return count

    # -- what there is; in any thread

    def kept(self) -> tuple[list[KeptJob], dict[str, int]]:
        """Return every job, and what each file by content takes on the disk."""
        logs = {job: size_below(self._folders.path_of(JobId(job))) for job in self._folders.names()}
        sizes = {file.sha256: file.on_disk for file in self._store.files()}
        return self._database.read(lambda c: kept_jobs(c, logs)), sizes

    def over(self, quota_bytes: int, *, without: Collection[JobId] = frozenset()) -> list[JobId]:
        """Return the jobs that `remove_over` would remove, were those ``without`` gone."""
        kept, sizes = self.kept()
        return over_quota([job for job in kept if job.id not in without], sizes, quota_bytes)

    def before(self, moment: str, query: _Query) -> list[JobId]:
        """Return all that ``query`` finds before ``moment``."""
        found: list[Ended] = []
        while piece := self._next(query, moment, found[-1] if found else None):
            found.extend(piece)
        kept = self._database.read(removal_rows.followed)
        return [each.id for each in found if each.id not in kept]

    # -- piece by piece

    async def _pieces(self, query: _Query, moment: str) -> AsyncIterator[list[JobId]]:
        last: Ended | None = None
        while found := await in_thread(self._next, query, moment, last):
            for piece in _pieces([each.id for each in found]):
                yield piece
            last = found[-1]

    def _next(self, query: _Query, moment: str, last: Ended | None) -> list[Ended]:
        return self._database.read(lambda c: query(c, moment, last, _LOOKED_AT))

    async def _remove(self, jobs: Sequence[JobId]) -> int:
        files = await in_thread(self._database.read, lambda c: digests_of(c, jobs))
        gone = await self._database.awrite(partial(removal_rows.remove_free, ids=jobs))
        self._gone(gone, files)
        return len(gone)

    def _gone(self, jobs: Sequence[JobId], files: set[str]) -> None:
        self._content.release(files)
        for job in jobs:
            self._folders.remove(job)
        self._bus.publish(EVERYTHING)

    def _without_logs(self, jobs: Sequence[JobId]) -> None:
        for job in jobs:
            self._folders.remove_logs(job)

    def _discard(self, files: set[str]) -> None:
        self._content.discard(
            files, lambda gone: self._database.read(partial(still_named, digests=gone))
        )


def _pieces(ids: Sequence[JobId]) -> list[list[JobId]]:
    """Return ``ids`` in pieces that are removed in one transaction each."""
    return [list(ids[at : at + _AT_ONCE]) for at in range(0, len(ids), _AT_ONCE)]
