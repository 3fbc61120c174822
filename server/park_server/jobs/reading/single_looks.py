"""Looks at single jobs: what is little in the event loop, and what is much beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from park.model.ids import JobId
from park.wire import JobRecord
from park_repo.database import Database
from park_server.bus import Bus
from park_server.jobs import job_view
from park_server.threads import in_thread_of

__all__ = ["SingleLooks"]

T = TypeVar("T")

_Seen = tuple[JobRecord, T]
_Read = Callable[[Connection, JobRecord], T]


class SingleLooks:
    """Reads jobs of ``database``, for whoever waits on ``bus``; belongs to the event loop."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus

    async def when_final(self, job: JobId, user: str, timeout_s: float, read: _Read[T]) -> _Seen[T]:
        """Return ``job`` when it is final, or when the time is up; and what is ``read`` then."""

        def seen(c: Connection) -> _Seen[T]:
            record = job_view.record(c, job, user)
            return record, read(c, record)

        def look(c: Connection) -> _Seen[T] | bool:
            state, is_much = job_view.standing(c, job, user)
            if is_much or not state.is_final:
                return state.is_final
            return seen(c)

        found = await self._bus.wait_until(job, lambda: self._database.read(look), bool, timeout_s)
        if isinstance(found, tuple):
            return found
        is_much = found or self._database.read(lambda c: job_view.standing(c, job, user))[1]
        if is_much:
            return await in_thread_of(user, self._database.read, seen)
        return self._database.read(seen)
