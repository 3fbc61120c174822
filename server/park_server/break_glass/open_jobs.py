"""The jobs that a break-glass ends: those of a user, or of an environment."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, Select, case, select

from park.model.ids import JobId
from park.model.states import JobState
from park_server.db.blocks import in_blocks
from park_server.db.tables import jobs

__all__ = ["of_locks", "of_user"]

_FINAL = [state for state in JobState if state.is_final]

_SOONEST = case(
    (jobs.c.status == JobState.RUNNING, 0), (jobs.c.status == JobState.QUEUED, 1), else_=2
)


def of_user(connection: Connection, user: str) -> list[JobId]:
    """Return the jobs of ``user`` that have not ended; see `_open` for the order."""
    return _ids(connection, _open().where(jobs.c.user == user))


def of_locks(connection: Connection, locks: Collection[str]) -> list[JobId]:
    """Return the jobs that have not ended in environments of ``locks``; see `_open`."""
    return [
        job
        for some in in_blocks(locks)
        for job in _ids(connection, _open().where(jobs.c.lock_hash.in_(some)))
    ]


def _open() -> Select[str]:
    """Ask for jobs that have not ended: what runs, and what would run next in its place, first."""
    query = select(jobs.c.id).where(jobs.c.status.not_in(_FINAL))
    return query.order_by(_SOONEST, jobs.c.submitted)


def _ids(connection: Connection, query: Select[str]) -> list[JobId]:
    return [JobId(job) for job in connection.execute(query).scalars()]
