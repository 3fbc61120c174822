"""All that is asked of the database about runs that several jobs share, or have shared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, func, select, update

from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park_server.db.blocks import in_blocks
from park_server.db.portable_sql import unindexed
from park_server.db.tables import jobs, memo_calls
from park_server.jobs import job_rows
from park_server.jobs.conditions.recall import Shared

__all__ = [
    "carried",
    "carry",
    "going_on",
    "inherit",
    "join",
    "joiners",
    "release",
    "roots",
    "run_of",
    "shared",
    "source_of",
    "with_processes",
]

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_JOB: BindParameter[Any] = bindparam("of")

_RUN = (
    select(func.coalesce(jobs.c.memoized_from, memo_calls.c.source).label("run"))
    .select_from(jobs)
    .join(memo_calls, memo_calls.c.job == jobs.c.id, isouter=True)
    .where(jobs.c.id == bindparam("job"))
)
_CARRIED = select(memo_calls.c.job).where(memo_calls.c.carried)


def run_of(connection: Connection, job: JobId) -> JobId:
    """Return whose run ``job`` has its logs and its progress of: mostly its own.

    Of one that was answered with another's run, or waits for that, it is the other one.
    """
    seen: set[str] = set()
    while job not in seen and (row := connection.execute(_RUN, {"job": job}).first()):
        seen.add(job)
        job = JobId(row.run or job)
    return job


def going_on(connection: Connection, ids: Mapping[JobId, str]) -> dict[JobId, JobId]:
    """Return whose process runs for each of the jobs ``ids`` (by state) for which one does."""
    found = {job: job for job, state in ids.items() if state == JobState.RUNNING}
    waiting = [job for job, state in ids.items() if state == JobState.WAITING]
    joined = source_of(connection, waiting) if waiting else {}
    return found | {JobId(job): run for job, run in joined.items()}


def carried(connection: Connection) -> list[JobId]:
    """Return the jobs that have ended and whose processes go on for others."""
    return [JobId(job) for job in connection.execute(_CARRIED).scalars()]


def with_processes(connection: Connection, kind: JobKind) -> list[JobId]:
    """Return the jobs whose processes may live, also those that have ended and left theirs."""
    found = job_rows.ids(connection, JobState.RUNNING, kind)
    return [*found, *carried(connection)] if kind is JobKind.CALL else found


_JOINERS = (
    select(memo_calls.c.source, memo_calls.c.job)
    .join(jobs, jobs.c.id == memo_calls.c.job)
    .where(memo_calls.c.source.in_(_IDS), unindexed(jobs.c.status) == JobState.WAITING)
    .order_by(memo_calls.c.job)
)
_RELEASE = update(memo_calls).where(memo_calls.c.source == _JOB).values(source=None)


def joiners(connection: Connection, ids: Iterable[str]) -> dict[str, list[JobId]]:
    """Return who waits for the runs of the jobs ``ids``."""
    found: defaultdict[str, list[JobId]] = defaultdict(list)
    for block in in_blocks(ids):
        for source, job in connection.execute(_JOINERS, {"ids": block}):
            found[source].append(JobId(job))
    return dict(found)


def shared(connection: Connection, job: JobId) -> Shared:
    """Return who waits for the run of ``job``, and whether only they do."""
    query = _CARRIED.where(memo_calls.c.job == job)
    is_carried = connection.execute(query).first() is not None
    return Shared(joiners=joiners(connection, [job]).get(job, []), is_carried=is_carried)


def release(connection: Connection, job: JobId) -> None:
    """Have nobody wait for the run of ``job``; those who did are asked for anew."""
    waiting = select(jobs.c.id).where(jobs.c.status == JobState.WAITING)
    connection.execute(_RELEASE.where(memo_calls.c.job.in_(waiting)), {"of": job})
    statement = update(memo_calls).where(memo_calls.c.job == job)
    connection.execute(statement.values(carried=False))


def carry(connection: Connection, job: JobId) -> None:
    """Note that the process of ``job``, which has ended, goes on for others."""
    statement = update(memo_calls).where(memo_calls.c.job == job)
    connection.execute(statement.values(carried=True))


def inherit(connection: Connection, job: JobId, heir: JobId) -> None:
    """Have ``heir`` stand for the run of ``job``, which ended before it."""
    run = select(jobs.c.environment, jobs.c.runtime_hash, jobs.c.started).where(jobs.c.id == job)
    row = connection.execute(run).one()
    values = {**row._mapping, "memoized_from": job}  # noqa: SLF001 (its public name)
    connection.execute(update(jobs).where(jobs.c.id == heir).values(values))
    known = select(memo_calls.c.usage, memo_calls.c.unfit, memo_calls.c.contents)
    of_run = connection.execute(known.where(memo_calls.c.job == job)).one()
    statement = update(memo_calls).where(memo_calls.c.job == heir)
    connection.execute(statement.values({**of_run._mapping, "source": None}))  # noqa: SLF001


def join(connection: Connection, job: JobId, run: JobId) -> None:
    """Have ``job`` wait for the end of the job ``run``."""
    statement = update(memo_calls).where(memo_calls.c.job == job)
    connection.execute(statement.values(source=run))


def roots(connection: Connection) -> set[str]:
    """Return the jobs whose runs others wait for, and those that are carried."""
    query = select(memo_calls.c.source).join(jobs, jobs.c.id == memo_calls.c.job)
    query = query.where(memo_calls.c.source.is_not(None), jobs.c.status == JobState.WAITING)
    return {*connection.execute(query.distinct()).scalars(), *carried(connection)}


def source_of(connection: Connection, ids: Collection[str]) -> dict[str, JobId]:
    """Return whom each of the jobs ``ids`` waits for, or was answered by."""
    query = select(memo_calls.c.job, memo_calls.c.source)
    query = query.where(memo_calls.c.job.in_(_IDS), memo_calls.c.source.is_not(None))
    return {
        job: JobId(source)
        for block in in_blocks(ids)
        for job, source in connection.execute(query, {"ids": block})
    }
