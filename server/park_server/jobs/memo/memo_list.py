"""What is remembered for a user: listed, counted, and forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from park.model.ids import JobId
from park.model.states import JobState
from park.wire import MemoRecord, MemoStatsRecord
from park_server.db.event_kinds import DIFFERS
from park_server.db.portable_sql import seconds_between
from park_server.db.tables import events, jobs, memo_calls
from park_server.jobs import job_rows
from park_server.jobs.conditions import run_rows

__all__ = ["forget", "listing", "stats"]

_ANSWERS = and_(
    memo_calls.c.key.is_not(None),
    memo_calls.c.source.is_(None),
    memo_calls.c.unfit.is_(None),
    jobs.c.status == JobState.COMPLETED,
)
"""What answers the same call."""

_ANSWERED = jobs.alias("answered")
_SECONDS = seconds_between(jobs.c.started, jobs.c.finished)


def listing(
    connection: Connection, user: str, *, entry_point: str | None, limit: int
) -> list[MemoRecord]:
    """Return the newest runs of ``user`` that answer the same call, newest first."""
    answered = (
        select(func.count())
        .where(_ANSWERED.c.memoized_from == jobs.c.id)
        .correlate(jobs)
        .scalar_subquery()
    )
    query = select(
        jobs.c.id,
        jobs.c.entry_point,
        func.coalesce(jobs.c.label, jobs.c.entry_point),
        jobs.c.finished,
        jobs.c.last_used,
        _SECONDS,
        answered,
    ).join(memo_calls, memo_calls.c.job == jobs.c.id)
    query = query.where(jobs.c.user == user, _ANSWERS, *_of(entry_point))
    rows = connection.execute(query.order_by(jobs.c.submitted.desc()).limit(limit))
    return [
        MemoRecord(
            job=job,
            entry_point=called,
            label=label,
            finished=finished,
            last_used=last_used,
            seconds=round(seconds or 0.0, 3),
            answered=count,
        )
        for job, called, label, finished, last_used, seconds, count in rows
    ]


def stats(connection: Connection, user: str) -> MemoStatsRecord:
    """Return how much is remembered for ``user``, and what that has saved."""
    remembered = select(func.count()).select_from(jobs).join(memo_calls).where(_of_user(user))
    runs = jobs.alias("runs")
    took = seconds_between(runs.c.started, runs.c.finished)
    answered = (
        select(func.count(), func.coalesce(func.sum(took), 0.0))
        .select_from(jobs)
        .join(runs, runs.c.id == jobs.c.memoized_from, isouter=True)
        .where(jobs.c.user == user, jobs.c.memoized_from.is_not(None))
    )
    checked = (
        select(func.count())
        .select_from(memo_calls)
        .join(jobs, jobs.c.id == memo_calls.c.job)
        .where(jobs.c.user == user, memo_calls.c.checks.is_not(None))
    )
    differing = select(func.count()).where(events.c.user == user, events.c.type == DIFFERS)
    count, saved = connection.execute(answered).one()
    return MemoStatsRecord(
        remembered=int(connection.execute(remembered).scalar_one()),
        answered=int(count),
        saved_s=round(float(saved), 3),
        checked=int(connection.execute(checked).scalar_one()),
        differing=int(connection.execute(differing).scalar_one()),
    )


def forget(
    connection: Connection, user: str, *, jobs_named: Sequence[JobId], entry_point: str | None
) -> int:
    """Have runs of ``user`` answer no later call; return how many.

    Those of ``jobs_named``, and whoever answered them; of ``entry_point``; else all. Raises
    `UnknownItem` for a job that is not there.
    """
    names = {
        run_rows.run_of(connection, job_rows.get(connection, job, user).id) for job in jobs_named
    }
    found = select(jobs.c.id).join(memo_calls).where(_of_user(user), *_of(entry_point))
    if jobs_named:
        keys = select(memo_calls.c.key).where(memo_calls.c.job.in_(names))
        found = found.where(memo_calls.c.key.in_(keys))
    statement = update(memo_calls).where(memo_calls.c.job.in_(found))
    return connection.execute(statement.values(unfit="its user had it forgotten")).rowcount


def _of_user(user: str) -> ColumnElement[bool]:
    return and_(jobs.c.user == user, _ANSWERS)


def _of(entry_point: str | None) -> list[ColumnElement[bool]]:
    return [] if entry_point is None else [jobs.c.entry_point == entry_point]
