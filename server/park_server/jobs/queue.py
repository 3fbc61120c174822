"""The queue of a service: ids in their order, read from the database some at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice

from park.model.ids import JobId
from park_repo.database import Database
from park_server.db.blocks import each_readable
from park_server.jobs import job_rows

__all__ = ["Queue"]

_READ_AT_ONCE = 32
"""Queued jobs in one query: a read costs as much as the rest of a start, whatever it returns."""


class Queue:
    """Jobs that may start, first come, first served.

    ``unreadable`` is told of those whose rows cannot be read; they are in the queue no longer.
    """

    def __init__(
        self, database: Database, *, unreadable: Callable[[JobId, Exception], None]
    ) -> None:
        self._database = database
        self._unreadable = unreadable
        self._ids: deque[JobId] = deque()
        self._read: deque[job_rows.Queued] = deque()

    def __bool__(self) -> bool:
        return bool(self._ids or self._read)

    def ahead_of(self, job: JobId) -> int | None:
        """Return how many come before ``job``, None where it is not here; from any thread."""
        # CPython copies a deque of what is no Python code's without a pause for other threads
        waiting = [*(queued.id for queued in list(self._read)), *list(self._ids)]
        try:
            return waiting.index(job)
        except ValueError:
            return None

    def add(self, jobs: Iterable[JobId]) -> None:
        """Put ``jobs`` behind all others."""
        self._ids.extend(jobs)

    def add_first(self, jobs: Sequence[JobId]) -> None:
        """Put ``jobs`` before all others."""
        read = [queued.id for queued in self._read]
        self._read.clear()
        self._ids.extendleft(reversed([*jobs, *read]))

    def next(self) -> job_rows.Queued | None:
        """Return the next job, and leave out those that may not start any more, or not yet."""
        while not self._read and self._ids:
            ids = list(islice(self._ids, _READ_AT_ONCE))
            self._read.extend(self._readable(ids))
            for _ in ids:  # only now: a read that fails loses none
                self._ids.popleft()
        return self._read.popleft() if self._read else None

    def _readable(self, ids: Sequence[JobId]) -> list[job_rows.Queued]:
        found, unreadable = each_readable(
            ids, lambda some: self._database.read(partial(job_rows.to_start, ids=some))
        )
        for job, error in unreadable.items():
            self._unreadable(job, error)
        return found

    def clear(self) -> None:
        """Start nothing more."""
        self._ids.clear()
        self._read.clear()
