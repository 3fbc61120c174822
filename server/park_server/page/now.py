"""What goes on for one user, gathered in a few queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from park.model.ids import JobId
from park.model.states import InstallState, JobState
from park.wire import JobLine, NowRecord
from park_server.clock import later
from park_server.db.tables import installs, jobs
from park_server.http.parts import ServiceParts
from park_server.jobs.stored_job import STORED, StoredJob

__all__ = ["line_of", "now_of"]

_MOST = 40
_FEW = 12

_LIVE = (JobState.WAITING, JobState.QUEUED, JobState.RUNNING)
_FINAL = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)

_Why = Callable[[Connection, StoredJob], str]


def now_of(parts: ServiceParts, user: str) -> NowRecord:
    """Return what goes on for ``user``; not for an event loop."""
    explainer = parts.jobs.explainer()
    taken, slots = parts.jobs.slots()
    found = parts.database.read(
        lambda c: NowRecord(
            counts=_counts(c, user),
            slots=slots,
            slots_taken=taken,
            pools=parts.jobs.pools(),
            running=_lines(c, explainer.line, user, _is(JobState.RUNNING), jobs.c.started.desc()),
            waiting=_waiting(c, explainer.line, user),
            failed=_lately(c, explainer.line, user, JobState.FAILED),
            ended=_lately(c, explainer.line, user, JobState.COMPLETED, JobState.CANCELLED),
            installs=_installs(c, user),
        )
    )
    progress = parts.jobs.progress({JobId(each.id): each.status for each in found.running})
    running = [replace(each, progress=progress.get(JobId(each.id))) for each in found.running]
    return replace(found, running=running)


def line_of(job: StoredJob, why: str | None) -> JobLine:
    """Return ``job`` as a list shows it."""
    return JobLine(
        id=job.id,
        label=job.label,
        entry_point=job.entry_point,
        kind=job.kind,
        status=job.status,
        submitted=job.submitted,
        started=job.started,
        finished=job.finished,
        why=why,
        memoized_from=job.memoized_from,
    )


def _counts(connection: Connection, user: str) -> dict[str, int]:
    of_user = select(jobs.c.status, func.count()).where(jobs.c.user == user)
    live = of_user.where(jobs.c.status.in_(_LIVE)).group_by(jobs.c.status)
    final = of_user.where(jobs.c.submitted >= later(-_DAY), jobs.c.status.in_(_FINAL))
    found = [*connection.execute(live), *connection.execute(final.group_by(jobs.c.status))]
    return dict.fromkeys(JobState, 0) | {row.status: row[1] for row in found}


def _waiting(connection: Connection, why: _Why, user: str) -> list[JobLine]:
    """Return what is next first: the queue, then what waits for something."""
    queued = _lines(connection, why, user, _is(JobState.QUEUED), jobs.c.submitted)
    waiting = _lines(connection, why, user, _is(JobState.WAITING), jobs.c.submitted)
    return [*queued, *waiting][:_MOST]


def _lately(connection: Connection, why: _Why, user: str, *states: JobState) -> list[JobLine]:
    recent = jobs.c.status.in_(states) & (jobs.c.submitted >= later(-_WEEK))
    said = _nothing if JobState.COMPLETED in states else why
    return _lines(connection, said, user, recent, jobs.c.finished.desc(), limit=_FEW)


def _nothing(_connection: Connection, job: StoredJob) -> str:
    return job.error or ""


def _is(state: JobState) -> ColumnElement[bool]:
    return jobs.c.status == state


def _lines(
    connection: Connection,
    why: _Why,
    user: str,
    which: ColumnElement[bool],
    order: Any,
    *,
    limit: int = _MOST,
) -> list[JobLine]:
    query = select(*STORED).where(jobs.c.user == user, which).order_by(order).limit(limit)
    found: Sequence[StoredJob] = [StoredJob.of(row) for row in connection.execute(query)]
    return [line_of(job, why(connection, job) or None) for job in found]


def _installs(connection: Connection, user: str) -> list[JobLine]:
    over = (InstallState.READY, InstallState.FAILED)
    query = (
        select(installs)
        .where(installs.c.user == user, installs.c.state.not_in(over))
        .order_by(installs.c.created.desc())
        .limit(_FEW)
    )
    return [
        JobLine(
            id=row.id,
            label=f"{row.project}=={row.version}",
            entry_point="",
            kind="install",
            status=row.state,
            submitted=row.created,
        )
        for row in connection.execute(query)
    ]
