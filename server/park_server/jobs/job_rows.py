"""All that is asked of the database about jobs. Every change appends its event."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from park.errors import UnknownItem
from park.model.file_names import readable
from park.model.ids import JobId
from park.model.job_options import option_values
from park.model.states import JobKind, JobState, may_follow
from park.wire import FetchRequest, JobRequest, decode
from park_server import events
from park_server.clock import now, text_of
from park_server.db.little_json import little, read_little
from park_server.db.portable_sql import least, unindexed
from park_server.db.prepared import Prepared, PreparedOfMany
from park_server.db.tables import calls, environments, fetches, job_files, jobs, needs, results
from park_server.jobs.job_end import JobEnd
from park_server.jobs.stored_job import (
    CHANGED,
    HEAD,
    STORED,
    UNCONDITIONED,
    ChangedJob,
    JobHead,
    Retry,
    StoredJob,
)
from park_server.jobs.waiting_rows import forget_authorization

__all__ = [
    "ImpossibleTransition",
    "Queued",
    "call_of",
    "count",
    "end",
    "fetch_of",
    "get",
    "head_of",
    "ids",
    "kind_of",
    "request_cancel",
    "request_of",
    "request_stop",
    "requeue",
    "result_of",
    "retry",
    "status_of",
    "stored",
    "to_be_cancelled",
    "to_start",
    "units_held",
    "used",
    "waiting_for_retry",
]


class ImpossibleTransition(Exception):
    """A defect of the caller: the model of states does not have this transition."""


_GET = Prepared(select(*STORED).where(jobs.c.id == bindparam("job")))
_HEAD = Prepared(select(*HEAD).where(jobs.c.id == bindparam("job")))
_STORED = PreparedOfMany(lambda ids: select(*STORED).where(jobs.c.id.in_(ids)))
_RESULT = Prepared(select(results.c.document).where(results.c.job == bindparam("job")))


def get(connection: Connection, job: JobId, user: str | None = None) -> StoredJob:
    """Return ``job``; raises `UnknownItem` (also for another user's job)."""
    row = _GET.first(connection, job=job)
    found = None if row is None else StoredJob.of(row)
    if found is None or (user is not None and found.user != user):
        raise _unknown(job)
    return found


_STATUS = Prepared(select(jobs.c.user, jobs.c.status).where(jobs.c.id == bindparam("job")))


def status_of(connection: Connection, job: JobId, user: str) -> JobState:
    """Return the state of ``job`` alone, at a fraction of what `get` costs; raises as that."""
    owner, status = _STATUS.first(connection, job=job) or (None, "")
    return JobState(status) if owner == user else get(connection, job, user).status


def kind_of(connection: Connection, job: JobId) -> JobKind:
    """Return who does ``job``; raises `UnknownItem`, and `ValueError` for a kind that is none."""
    kind = connection.execute(select(jobs.c.kind).where(jobs.c.id == job)).scalar()
    if kind is None:
        raise _unknown(job)
    return JobKind(kind)


def head_of(connection: Connection, job: JobId, user: str | None = None) -> JobHead:
    """Return what is small of ``job``; raises as `get`."""
    row = _HEAD.first(connection, job=job)
    found = None if row is None else JobHead.of(row)
    if found is None or user not in {None, found.user}:
        raise _unknown(job)
    return found


def _unknown(job: JobId) -> UnknownItem:
    return UnknownItem(
        f"no job {job} on this service",
        hint="`park jobs` lists yours here; --service names another service",
    )


def _statement(status: JobState, **changes: Any) -> Prepared:
    """Return the statement that takes a job to ``status``, from where it may come."""
    may_go = or_(*(jobs.c.status == before for before in JobState if may_follow(before, status)))
    values = {"status": status, **changes}
    statement = update(jobs).where(jobs.c.id == bindparam("job"), may_go).values(values)
    return Prepared(statement.returning(*CHANGED))


_RETRY = _statement(
    JobState.QUEUED,
    started=None,
    failures=jobs.c.failures + 1,
    not_before=bindparam("not_before"),
)
_REQUEUE = _statement(JobState.QUEUED, started=None)
_IS_ASKED = jobs.c.stop_by.is_not(None) & ~jobs.c.cancel_requested


def _line_of(status: JobState) -> ColumnElement[Any]:
    """Return the line that an end says: of one cancelled for another's sake, what was said then."""
    line = case((_IS_ASKED, bindparam("error_if_asked")), else_=bindparam("error"))
    return func.coalesce(jobs.c.error, line) if status is JobState.CANCELLED else line


_END: Mapping[JobState, Prepared] = {
    status: _statement(
        status,
        finished=bindparam("finished"),
        error=_line_of(status),
        traceback=bindparam("traceback"),
        failures=jobs.c.failures + int(status is JobState.FAILED),
    )
    for status in JobState
    if status.is_final
}
_ADD_RESULT = Prepared(insert(results), ("job", "document"))
_ADD_FILE = insert(job_files)


def _transition(
    connection: Connection, statement: Prepared, job: JobId, status: JobState, **values: Any
) -> ChangedJob:
    """Take ``job`` to ``status``, with its event, of ``said``; raises `ImpossibleTransition`."""
    said = values.pop("said", {})
    row = statement.first(connection, job=job, **values)
    if row is None:
        before = get(connection, job).status
        raise ImpossibleTransition(f"job {job} cannot go from {before} to {status}")
    changed = ChangedJob.of(row)
    said = {**said, "error": changed.error} if changed.error else said
    events.append(connection, subject="job", id=job, type=status, user=changed.user, **said)
    return changed


@dataclass(frozen=True, kw_only=True, slots=True)
class Queued:
    """A job of ``user`` that may start; ``refers``: its call has references to other jobs.

    It failed ``failures`` times so far. Without ``has_call`` this is large, and not read yet.
    """

    user: str
    request: JobRequest
    has_call: bool = True
    refers: bool = False
    failures: int = 0

    @property
    def id(self) -> JobId:
        """The id, which was checked when the job was accepted."""
        return JobId(self.request.id)


def request_of(job: StoredJob, call: dict[str, Any] | None = None) -> JobRequest:
    """Return the request that made ``job``, with its ``call`` where it is known."""
    return JobRequest(
        id=job.id,
        entry_point=job.entry_point,
        call=call or {},
        lock_hash=job.lock_hash,
        install=job.install,
        set_hash=job.set_hash,
        request_id=job.request_id,
        **option_values(job.options),
    )


_REFERS = exists().where(
    needs.c.job == jobs.c.id, needs.c.how.in_([literal(how) for how in ("value", "file", "url")])
)
_TO_START = PreparedOfMany(
    lambda ids: (
        select(*UNCONDITIONED, little(calls.c.document), _REFERS)
        .join(calls, calls.c.job == jobs.c.id)
        .where(jobs.c.id.in_(ids), unindexed(jobs.c.status) == JobState.QUEUED)
    )
)


def to_start(connection: Connection, ids: Sequence[JobId]) -> list[Queued]:
    """Return those of the jobs ``ids`` that may start now, in the order of ``ids``."""
    found: dict[JobId, Queued] = {}
    for row in _TO_START.all(connection, ids):
        *_, stored, refers = row
        job, read = StoredJob.of(row), read_little(connection, calls.c.document, stored)
        if job.not_before is None or job.not_before <= now():
            found[job.id] = Queued(
                user=job.user,
                request=request_of(job, read and read[0]),
                has_call=read is not None,
                refers=bool(refers),
                failures=job.failures,
            )
    return [found[job] for job in ids if job in found]


def fetch_of(connection: Connection, job: JobId) -> FetchRequest:
    """Return what the job ``job`` fetches, with the authorization while it has not ended."""
    row = connection.execute(select(fetches).where(fetches.c.job == job)).one()
    return decode(FetchRequest, {**row.document, "authorization": row.authorization})


def call_of(connection: Connection, job: JobId) -> dict[str, Any]:
    """Return the encoded arguments of ``job``."""
    return dict(connection.execute(select(calls.c.document).where(calls.c.job == job)).scalar_one())


def units_held(connection: Connection) -> list[tuple[JobId, str, dict[str, int]]]:
    """Return the jobs that hold units of pools, with their users and these."""
    may_hold = jobs.c.status.in_([JobState.QUEUED, JobState.RUNNING])
    query = select(jobs.c.id, jobs.c.user, jobs.c.pools).where(may_hold)
    return [(JobId(job), user, held) for job, user, held in connection.execute(query) if held]


def waiting_for_retry(connection: Connection) -> list[Retry]:
    """Return the queued jobs that failed before."""
    query = select(jobs.c.id, jobs.c.kind, jobs.c.not_before)
    query = query.where(jobs.c.status == JobState.QUEUED, jobs.c.not_before.is_not(None))
    return [
        Retry(job=job, kind=JobKind(kind), not_before=datetime.fromisoformat(not_before))
        for job, kind, not_before in connection.execute(query)
    ]


def used(connection: Connection, lock_hashes: Collection[str]) -> None:
    """Note that the environments of ``lock_hashes`` are used now."""
    moment = now()
    if lock_hashes:
        _USED.run_all(connection, [{"lock": each, "last_used": moment} for each in lock_hashes])


_USED = Prepared(
    update(environments)
    .where(environments.c.lock_hash == bindparam("lock"))
    .values(last_used=bindparam("last_used"))
)


def retry(connection: Connection, job: JobId, error: str, not_before: datetime) -> Retry:
    """Queue a job again that failed with ``error``, to start at ``not_before`` at the earliest."""
    row = _RETRY.first(connection, job=job, not_before=text_of(not_before))
    if row is None:
        raise ImpossibleTransition(f"job {job} cannot be tried again")
    changed = ChangedJob.of(row)
    failures = get(connection, job).failures
    data = {"error": error, "failures": failures}
    events.append(
        connection, subject="job", id=job, type=JobState.QUEUED, user=changed.user, **data
    )
    return Retry(job=job, kind=changed.kind, not_before=not_before)


def requeue(connection: Connection, job: JobId) -> None:
    """Queue a job again whose attempt is over, and which may run again."""
    _transition(connection, _REQUEUE, job, JobState.QUEUED)


def end(connection: Connection, job: JobId, end: JobEnd) -> ChangedJob:
    """Write how ``job`` ended, its result and its files; return what it was.

    What waited for it is not looked at: `Settlement.end` does both.
    """
    changed = _transition(
        connection,
        _END[end.status],
        job,
        end.status,
        finished=now(),
        error=end.error and readable(end.error),
        error_if_asked=readable(end.line_if_asked),
        traceback=end.traceback and readable(end.traceback),
        said={"machine": end.machine} if end.machine else {},
    )
    if end.result is not None:
        _ADD_RESULT.run(connection, {"job": job, "document": end.result})
    if end.files:
        rows = [
            {"job": job, "name": file.name, "sha256": file.sha256, "size": file.size}
            for file in end.files
        ]
        connection.execute(_ADD_FILE, rows)
    if changed.kind is JobKind.FETCH:
        forget_authorization(connection, [job])
    return changed


def request_cancel(connection: Connection, job: JobId, why: str | None = None) -> None:
    """Note that the running ``job`` is to be cancelled when its processes are gone.

    ``why`` says for whose sake, where that is no request of its user.
    """
    said = {} if why is None else {"error": why}
    connection.execute(update(jobs).where(jobs.c.id == job).values(cancel_requested=True, **said))


def request_stop(connection: Connection, job: JobId, stop_by: datetime) -> None:
    """Note that the running ``job`` is asked to stop, and is killed at ``stop_by``."""
    moment = text_of(stop_by)
    earlier = least(func.coalesce(jobs.c.stop_by, moment), literal(moment))
    connection.execute(update(jobs).where(jobs.c.id == job).values(stop_by=earlier))


def to_be_cancelled(connection: Connection) -> list[JobId]:
    """Return the running jobs whose cancel is asked for, whether or not that is under way."""
    query = select(jobs.c.id).where(jobs.c.status == JobState.RUNNING, jobs.c.cancel_requested)
    return list(connection.execute(query).scalars())


def stored(connection: Connection, ids: Sequence[JobId]) -> list[StoredJob]:
    """Return the jobs ``ids``, in their order."""
    found = {job.id: job for job in map(StoredJob.of, _STORED.all(connection, ids))}
    return [found[job] for job in ids if job in found]


def ids(connection: Connection, status: JobState, kind: JobKind = JobKind.CALL) -> list[JobId]:
    """Return the ids of the jobs of ``kind`` in ``status``, in the order of their submission."""
    query = select(jobs.c.id).where(jobs.c.status == status, jobs.c.kind == kind)
    return list(connection.execute(query.order_by(jobs.c.submitted, jobs.c.id)).scalars())


def result_of(connection: Connection, job: JobId) -> dict[str, Any] | None:
    """Return the encoded result of ``job``, or None where it has none."""
    (document,) = _RESULT.first(connection, job=job) or (None,)
    return document


def count(connection: Connection, status: JobState) -> int:
    """Return how many jobs are in the state ``status``."""
    return connection.execute(select(func.count()).where(jobs.c.status == status)).scalar_one()
