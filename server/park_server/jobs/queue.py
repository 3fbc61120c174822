"""The queue of a service: users take turns, and their jobs are read some at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from park.model.ids import JobId
from park_repo.database import Database
from park_server.db.blocks import each_readable
from park_server.jobs import job_rows
from park_server.jobs.turns.lanes import Ahead, Lanes
from park_server.jobs.turns.turn_rows import with_users

__all__ = ["Queue"]

_READ_AT_ONCE = 32
"""Queued jobs in one query: a read costs as much as the rest of a start, whatever it returns."""


class Queue:
    """Jobs that may start: of who has had least, and of his the one that came first.

    ``unreadable`` is told of those whose rows cannot be read; they are in the queue no longer.
    """

    def __init__(
        self,
        database: Database,
        lanes: Lanes,
        *,
        unreadable: Callable[[JobId, Exception], None],
    ) -> None:
        self._database = database
        self._lanes = lanes
        self._unreadable = unreadable
        self._read: dict[JobId, job_rows.Queued | None] = {}

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def __len__(self) -> int:
        return len(self._lanes)

    def ahead_of(self, job: JobId, user: str) -> Ahead | None:
        """Return how many come before ``job``, None where it is not here; from any thread."""
        return self._lanes.ahead_of(job, user)

    def add(self, jobs: Iterable[JobId], users: Mapping[JobId, str] | None = None) -> None:
        """Put ``jobs`` behind all others of their users, who are looked up but for ``users``."""
        self._lanes.add(with_users(self._database, list(jobs), users or {}))

    def add_first(self, jobs: Sequence[JobId], users: Mapping[JobId, str] | None = None) -> None:
        """Put ``jobs`` before all others of their users."""
        self._lanes.add_first(with_users(self._database, jobs, users or {}))

    def next(
        self, take: Callable[[job_rows.Queued], bool] = lambda _: True
    ) -> job_rows.Queued | None:
        """Return the next job, and leave out those that may not start any more, or not yet.

        None as well where ``take`` does not take it: it is the next one still.
        """
        while (user := self._lanes.turn()) is not None:
            ids = self._lanes.head(user, _READ_AT_ONCE)
            if ids[0] not in self._read:
                self._read.update(self._readable(ids))
            queued = self._read[ids[0]]
            if queued is not None and not take(queued):
                return None
            # only now: a read that fails loses none
            del self._read[self._lanes.pop(user)]
            if queued is not None:
                return queued
        return None

    def _readable(self, ids: Sequence[JobId]) -> dict[JobId, job_rows.Queued | None]:
        found, unreadable = each_readable(
            ids, lambda some: self._database.read(partial(job_rows.to_start, ids=some))
        )
        for job, error in unreadable.items():
            self._unreadable(job, error)
        return dict.fromkeys(ids) | {queued.id: queued for queued in found}

    def clear(self) -> None:
        """Start nothing more."""
        self._lanes.clear()
        self._read.clear()
