"""Pins of jobs: their users keep them, with all that they left, whatever the policy."""

from __future__ import annotations

from sqlalchemy import Connection, update

from park.model.ids import JobId
from park_server import events
from park_server.clock import now
from park_server.db.event_kinds import PINNED, UNPINNED
from park_server.db.tables import jobs
from park_server.jobs import job_rows

__all__ = ["pin", "unpin"]


def pin(connection: Connection, job: JobId, user: str) -> None:
    """Keep ``job``, in whatever state; a second time changes nothing. Raises `UnknownItem`."""
    if job_rows.get(connection, job, user).pinned is None:
        _enter(connection, job, user, pinned=now(), what=PINNED)


def unpin(connection: Connection, job: JobId, user: str) -> None:
    """Let ``job`` go like any other; nothing happens where it is not pinned."""
    if job_rows.get(connection, job, user).pinned is not None:
        _enter(connection, job, user, pinned=None, what=UNPINNED)


def _enter(connection: Connection, job: JobId, user: str, *, pinned: str | None, what: str) -> None:
    connection.execute(update(jobs).where(jobs.c.id == job).values(pinned=pinned))
    events.append(connection, subject="job", id=job, type=what, user=user)
