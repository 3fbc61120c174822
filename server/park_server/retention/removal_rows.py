"""All that is asked of the database about what is to be removed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    delete,
    exists,
    func,
    select,
    type_coerce,
)

from park.errors import Conflict
from park.model.conditions import brief
from park.model.ids import JobId
from park.model.states import JobState
from park_server import events
from park_server.db.blocks import in_blocks
from park_server.db.tables import (
    calls,
    fetched,
    fetches,
    held_grants,
    job_files,
    jobs,
    needs,
    remote_leaves,
    results,
    staged,
)
from park_server.db.tables import events as events_table
from park_server.jobs import job_rows

__all__ = [
    "count",
    "digests_in_use",
    "digests_of",
    "finished_before",
    "forget_events",
    "remove",
    "require_free",
]

_FINAL = [state for state in JobState if state.is_final]

_BELONGING = (job_files, results, calls, staged, held_grants, remote_leaves, fetches, needs)
"""The tables whose rows belong to one job each."""

_WAITING = jobs.alias("waiting")
_UNFINISHED_NEED = (
    select(needs.c.job)
    .join(_WAITING, _WAITING.c.id == needs.c.job)
    .where(needs.c.needed == jobs.c.id, needs.c.service == "", _WAITING.c.status.not_in(_FINAL))
)
"""Who needs a job and has not ended: it may be started again, and read its value anew."""

_SHA256 = re.compile(r'"sha256":\s*"([0-9a-f]{64})"')


def require_free(connection: Connection, job: JobId, user: str) -> None:
    """Raise `Conflict` where ``job`` of ``user`` is still needed, `UnknownItem` for no such job."""
    stored = job_rows.get(connection, job, user)
    if not stored.status.is_final:
        raise Conflict(
            f"job {job} is {stored.status}: only what has ended is removed",
            hint=f"park cancel {job}",
        )
    query = _UNFINISHED_NEED.where(jobs.c.id == job).correlate(None).limit(1)
    waiting = connection.execute(query).scalar()
    if waiting is not None:
        raise Conflict(
            f"job {job} is needed by job {brief(waiting)}, which has not ended",
            hint=f"wait for it, or cancel it: park cancel {waiting}",
        )


def finished_before(connection: Connection, moment: str, limit: int) -> list[JobId]:
    """Return up to ``limit`` jobs that ended before ``moment``, and that nobody needs any more."""
    query = select(jobs.c.id).where(
        jobs.c.status.in_(_FINAL), jobs.c.finished < moment, ~exists(_UNFINISHED_NEED)
    )
    query = query.order_by(jobs.c.finished, jobs.c.id).limit(limit)
    return [JobId(name) for name in connection.execute(query).scalars()]


def count(connection: Connection, moment: str | None = None) -> int:
    """Return how many jobs there are, or how many `finished_before` would return of all."""
    query = select(func.count()).select_from(jobs)
    if moment is not None:
        query = query.where(
            jobs.c.status.in_(_FINAL), jobs.c.finished < moment, ~exists(_UNFINISHED_NEED)
        )
    return int(connection.execute(query).scalar_one())


def remove(connection: Connection, ids: Sequence[JobId]) -> None:
    """Remove ``ids`` with all that belongs to them; the log says that they are removed."""
    for block in in_blocks(ids):
        users = dict(
            connection.execute(select(jobs.c.id, jobs.c.user).where(jobs.c.id.in_(block))).all()
        )
        for table in _BELONGING:
            connection.execute(delete(table).where(table.c.job.in_(block)))
        connection.execute(delete(jobs).where(jobs.c.id.in_(block)))
        removed: list[tuple[str, str, str, dict[str, Any]]] = [
            (name, "removed", user, {}) for name, user in users.items()
        ]
        if removed:
            events.append_many(connection, subject="job", entered=removed)


def forget_events(connection: Connection, moment: str) -> None:
    """Remove the events from before ``moment``."""
    connection.execute(delete(events_table).where(events_table.c.time < moment))


def digests_in_use(connection: Connection) -> set[str]:
    """Return the SHA-256 of each file that a job has left or was given, or a fetch will find again.

    What stands in arguments is found in their text: what merely looks like a file is kept too.
    """
    found = set(connection.execute(select(job_files.c.sha256).distinct()).scalars())
    found.update(connection.execute(select(fetched.c.sha256)).scalars())
    for table in (calls, staged):
        found.update(_named_in(connection, type_coerce(table.c.document, Text)))
    return found


def digests_of(connection: Connection, ids: Sequence[JobId]) -> set[str]:
    """Return the SHA-256 of each file that ``ids`` have left or were given."""
    found: set[str] = set()
    for block in in_blocks(ids):
        left = select(job_files.c.sha256).where(job_files.c.job.in_(block))
        found.update(connection.execute(left).scalars())
        for table in (calls, staged):
            text = type_coerce(table.c.document, Text)
            given = select(text).where(table.c.job.in_(block), text.contains('"sha256"'))
            for document in connection.execute(given).scalars():
                found.update(_SHA256.findall(document))
    return found


def _named_in(connection: Connection, text: ColumnElement[str]) -> Iterator[str]:
    query = select(text).where(text.contains('"sha256"'))
    for document in connection.execution_options(yield_per=500).execute(query).scalars():
        yield from _SHA256.findall(document)
