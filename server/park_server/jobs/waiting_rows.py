"""What becomes of jobs that wait, many at once: one statement for all, and their events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, bindparam, func, null, select, update

from park.model.states import JobState
from park_server import events
from park_server.clock import now
from park_server.db.prepared import Prepared
from park_server.db.tables import fetches, installs, jobs

__all__ = ["cancel_waiting", "count_down", "forget_authorization", "queue_waiting"]

_IS_WAITING = jobs.c.status == JobState.WAITING


def _of_its_install(column: Column[Any]) -> Any:
    """Return ``column`` of the install that a job names: it is bound to that when it is queued."""
    return select(column).where(installs.c.id == jobs.c.install).scalar_subquery()


_COUNT_DOWN = Prepared(
    update(jobs).where(jobs.c.id == bindparam("job")).values(pending=bindparam("missing"))
)
_QUEUE = Prepared(
    update(jobs)
    .where(jobs.c.id == bindparam("job"), _IS_WAITING)
    .values(
        status=JobState.QUEUED,
        pools=bindparam("units"),
        pending=bindparam("missing"),
        lock_hash=func.coalesce(jobs.c.lock_hash, _of_its_install(installs.c.lock_hash)),
        set_hash=func.coalesce(jobs.c.set_hash, _of_its_install(installs.c.set_hash)),
    )
)
_CANCEL_WAITING = Prepared(
    update(jobs)
    .where(jobs.c.id == bindparam("job"), _IS_WAITING)
    .values(
        status=JobState.CANCELLED,
        finished=bindparam("moment"),
        error=bindparam("why"),
        pools=null(),
    )
)


def count_down(connection: Connection, missing: Mapping[str, int]) -> None:
    """Write how much is still missing for each of some waiting jobs."""
    if missing:
        rows = [{"job": job, "missing": count} for job, count in missing.items()]
        _COUNT_DOWN.run_all(connection, rows)


def queue_waiting(
    connection: Connection, ready: Sequence[tuple[str, str, dict[str, int] | None, int | None]]
) -> None:
    """Queue jobs that wait for nothing any more, each ``(id, user, units of pools, pending)``."""
    if ready:
        rows = [
            {"job": job, "units": units, "missing": missing} for job, _, units, missing in ready
        ]
        _QUEUE.run_all(connection, rows)
        nothing: dict[str, Any] = {}
        entered = [(job, JobState.QUEUED, user, nothing) for job, user, *_ in ready]
        events.append_many(connection, subject="job", entered=entered)


def cancel_waiting(connection: Connection, cancelled: Sequence[tuple[str, str, str]]) -> None:
    """Cancel waiting jobs, each ``(id, user, why)``."""
    if cancelled:
        moment = now()
        rows = [{"job": job, "moment": moment, "why": why} for job, _, why in cancelled]
        _CANCEL_WAITING.run_all(connection, rows)
        entered = [(job, JobState.CANCELLED, user, {"error": why}) for job, user, why in cancelled]
        events.append_many(connection, subject="job", entered=entered)
        forget_authorization(connection, [job for job, *_ in cancelled])


def forget_authorization(connection: Connection, ended: Sequence[str]) -> None:
    """Forget what opened the files that the jobs ``ended`` were to fetch."""
    _FORGET_AUTHORIZATION.run_all(connection, [{"of": job} for job in ended])


_FORGET_AUTHORIZATION = Prepared(
    update(fetches).where(fetches.c.job == bindparam("of")).values(authorization=None)
)
