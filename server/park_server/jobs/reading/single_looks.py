"""Looks at single jobs: what is little in the event loop, and what is much beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection

from park.errors import UnknownItem
from park.model.ids import JobId
from park.wire import FileRecord, JobRecord
from park_repo.database import Database
from park_server.bus import Bus
from park_server.jobs import job_view
from park_server.jobs.left.file_rows import pages_of
from park_server.threads import in_thread_of

__all__ = ["Looked", "SingleLooks"]

T = TypeVar("T")

_Read = Callable[[Connection, JobRecord], T]


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked(Generic[T]):
    """A job, and ``what`` was read of it at the same moment.

    ``pages``: its files, by name, where there is much of it; they are not in ``record`` then, and
    each page is read when it is asked for, in any thread. None: all is in ``record``.
    """

    record: JobRecord
    what: T
    pages: Iterable[Sequence[FileRecord]] | None = None


class SingleLooks:
    """Reads jobs of ``database``, for whoever waits on ``bus``; belongs to the event loop."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus

    async def when_final(
        self, job: JobId, user: str, timeout_s: float, read: _Read[T]
    ) -> Looked[T]:
        """Return ``job`` when it is final, or when the time is up; and what is ``read`` then."""

        def seen(c: Connection) -> Looked[T]:
            record = job_view.record(c, job, user)
            return Looked(record=record, what=read(c, record))

        def look(c: Connection) -> Looked[T] | bool:
            state, is_much = job_view.standing(c, job, user)
            if is_much or not state.is_final:
                return state.is_final
            return seen(c)

        def much(c: Connection) -> Looked[T]:
            job_view.standing(c, job, user)  # raises for another user's
            (record,) = job_view.without_files(c, [job])
            return Looked(record=record, what=read(c, record), pages=self._pages(record))

        found = await self._bus.wait_until(job, lambda: self._database.read(look), bool, timeout_s)
        if isinstance(found, Looked):
            return found
        is_much = found or self._database.read(lambda c: job_view.standing(c, job, user))[1]
        if is_much:
            return await in_thread_of(user, self._database.read, much)
        return self._database.read(seen)

    def _pages(self, record: JobRecord) -> Iterable[Sequence[FileRecord]]:
        """Yield the files of a job; raises `UnknownItem` where it went before all were read."""
        job = JobId(record.id)
        yield from pages_of(self._database, job)
        if not self._database.read(lambda c: job_view.without_files(c, [job])):
            raise UnknownItem(f"job {job} was removed while its files were read")
