"""A queue for each engine: who waits for one does not wait behind who waits for another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy import Connection, select

from park.model.ids import JobId
from park_server.db.prepared import PreparedOfMany
from park_server.db.tables import jobs as job_table
from park_server.jobs.job_rows import Queued
from park_server.jobs.queue import Queue
from park_server.jobs.turns.lanes import Ahead

__all__ = ["EngineQueues", "engines_of"]

_RESOURCES = PreparedOfMany(
    lambda ids: select(job_table.c.id, job_table.c.resources).where(job_table.c.id.in_(ids))
)


def engines_of(connection: Connection, ids: Sequence[JobId]) -> dict[JobId, str]:
    """Return the engines of those of the jobs ``ids`` that were given one."""
    rows = _RESOURCES.all(connection, ids)
    return {job: asked.engine for job, asked in rows if asked is not None and asked.engine}


class EngineQueues:
    """The queues of the ``engines``; ``engines_of`` tells which one each of some jobs waits for.

    That is asked only where there are several.
    """

    def __init__(
        self,
        engines: Sequence[str],
        new_queue: Callable[[str], Queue],
        engines_of: Callable[[Sequence[JobId]], Mapping[JobId, str]],
    ) -> None:
        self._queues = {engine: new_queue(engine) for engine in engines}
        self._default = engines[0]
        self._engines_of = engines_of

    def is_empty(self, engine: str) -> bool:
        """Tell whether nobody waits for ``engine``."""
        return not self._queues.get(engine)

    def length(self, engine: str) -> int:
        """Return how many wait for ``engine``."""
        return len(self._queues[engine])

    def ahead_of(self, job: JobId, user: str) -> Ahead | None:
        """Return how many come before ``job``, None where it is not here; from any thread."""
        found = (queue.ahead_of(job, user) for queue in self._queues.values())
        return next((ahead for ahead in found if ahead is not None), None)

    def add(self, jobs: Iterable[JobId], users: Mapping[JobId, str] | None = None) -> None:
        """Put ``jobs`` behind all others of their users, who are looked up but for ``users``."""
        for engine, some in self._by_engine(list(jobs)).items():
            self._queues[engine].add(some, users)

    def add_first(self, jobs: Sequence[JobId], users: Mapping[JobId, str] | None = None) -> None:
        """Put ``jobs`` before all others of their users."""
        for engine, some in self._by_engine(jobs).items():
            self._queues[engine].add_first(some, users)

    def next(self, engine: str, take: Callable[[Queued], bool]) -> Queued | None:
        """Return the next job for ``engine``; None where nobody waits, or it is not taken."""
        return self._queues[engine].next(take)

    def clear(self) -> None:
        """Start nothing more."""
        for queue in self._queues.values():
            queue.clear()

    def _by_engine(self, jobs: Sequence[JobId]) -> Mapping[str, Sequence[JobId]]:
        if len(self._queues) == 1 or not jobs:
            return {self._default: jobs}
        engines = self._engines_of(jobs)
        found: defaultdict[str, list[JobId]] = defaultdict(list)
        for job in jobs:
            engine = engines.get(job, self._default)
            found[engine if engine in self._queues else self._default].append(job)
        return found
