"""All that is asked of the database about jobs. Every change appends its event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from park.errors import UnknownItem
from park.model.states import JobState, may_follow
from park.wire import FileRecord, JobRecord, JobRequest
from park_server import events
from park_server.clock import now
from park_server.db.tables import calls, environments, job_files, jobs, results

__all__ = [
    "Ending",
    "ImpossibleTransition",
    "active",
    "bind",
    "call_of",
    "cancelled_in_time",
    "create",
    "end",
    "file_of",
    "get",
    "listing",
    "record",
    "request_cancel",
    "requeue",
    "result_of",
    "started",
    "starting",
    "waiting_for",
]


class ImpossibleTransition(Exception):
    """A defect of the caller: the model of states does not have this transition."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a job ended: its final state, and what it leaves."""

    status: JobState
    error: str | None = None
    traceback: str | None = None
    result: dict[str, Any] | None = None
    files: Sequence[FileRecord] = field(default_factory=tuple)


def cancelled_in_time() -> Ending:
    """Return the ending of a job that was cancelled before it started."""
    return Ending(status=JobState.CANCELLED, error="cancelled before it started")


def create(connection: Connection, user: str, request: JobRequest, status: JobState) -> bool:
    """Write a new job; False where its id exists already (a retry of the client)."""
    known = connection.execute(select(jobs.c.id).where(jobs.c.id == request.id)).first()
    if known is not None:
        return False
    connection.execute(
        insert(jobs),
        {
            "id": request.id,
            "user": user,
            "status": status,
            "entry_point": request.entry_point,
            "lock_hash": request.lock_hash,
            "set_hash": request.set_hash,
            "install": request.install,
            "attempt": 0,
            "fresh": request.fresh,
            "timeout_s": request.timeout_s,
            "memory_bytes": request.memory_bytes,
            "cancel_requested": False,
            "submitted": now(),
        },
    )
    connection.execute(insert(calls), {"job": request.id, "document": request.call})
    events.append(connection, subject="job", id=request.id, type=status, user=user)
    return True


def get(connection: Connection, job: str, user: str | None = None) -> Row[Any]:
    """Return the row of ``job``; raises `UnknownItem` (also for another user's job)."""
    row = connection.execute(select(jobs).where(jobs.c.id == job)).first()
    if row is None or (user is not None and row.user != user):
        raise UnknownItem(f"no job {job} on this service", hint="`park jobs` lists yours")
    return row


def _transition(connection: Connection, job: str, status: JobState, **changes: Any) -> Row[Any]:
    """Take ``job`` to ``status``, with its event; raises `ImpossibleTransition`."""
    row = get(connection, job)
    if not may_follow(JobState(row.status), status):
        raise ImpossibleTransition(f"job {job} cannot go from {row.status} to {status}")
    connection.execute(update(jobs).where(jobs.c.id == job).values(status=status, **changes))
    error = changes.get("error")
    events.append(
        connection,
        subject="job",
        id=job,
        type=status,
        user=row.user,
        **({"error": error} if error else {}),
    )
    return row


def bind(connection: Connection, job: str, lock_hash: str, set_hash: str) -> None:
    """Bind a waiting job to the lock that its install came to; it is queued now."""
    _transition(connection, job, JobState.QUEUED, lock_hash=lock_hash, set_hash=set_hash)


def starting(connection: Connection, job: str, environment: str, runtime_hash: str) -> int | None:
    """Commit to a new attempt before the engine hears of it; return the attempt's number.

    None where the job is queued no longer: it was cancelled meanwhile. A crash from here on
    is settled by the attempt's file: whoever creates it owns the attempt.
    """
    if get(connection, job).status != JobState.QUEUED:
        return None
    row = _transition(
        connection,
        job,
        JobState.RUNNING,
        environment=environment,
        runtime_hash=runtime_hash,
        attempt=jobs.c.attempt + 1,
        started=now(),
        pid=None,
    )
    connection.execute(
        update(environments)
        .where(environments.c.lock_hash == row.lock_hash)
        .values(last_used=now())
    )
    return int(row.attempt) + 1


def started(connection: Connection, job: str, attempt: int, pid: int) -> None:
    """Note the process of a running attempt."""
    connection.execute(
        update(jobs).where(jobs.c.id == job, jobs.c.attempt == attempt).values(pid=pid)
    )


def requeue(connection: Connection, job: str) -> None:
    """Queue a job again whose attempt is proven never to have started."""
    _transition(connection, job, JobState.QUEUED, started=None, pid=None)


def end(connection: Connection, job: str, ending: Ending) -> None:
    """Write how ``job`` ended, its result and its files, all in one transaction."""
    _transition(
        connection,
        job,
        ending.status,
        finished=now(),
        error=ending.error,
        traceback=ending.traceback,
        pid=None,
    )
    if ending.result is not None:
        connection.execute(insert(results), {"job": job, "document": ending.result})
    if ending.files:
        rows = [
            {"job": job, "name": file.name, "sha256": file.sha256, "size": file.size}
            for file in ending.files
        ]
        connection.execute(insert(job_files), rows)


def request_cancel(connection: Connection, job: str) -> JobState:
    """Note that ``job`` is to be cancelled; return the state that it was found in.

    One that has not started is cancelled at once; a running one when its processes are gone.
    """
    row = get(connection, job)
    status = JobState(row.status)
    if status in {JobState.WAITING, JobState.QUEUED}:
        end(connection, job, cancelled_in_time())
    elif status is JobState.RUNNING:
        connection.execute(update(jobs).where(jobs.c.id == job).values(cancel_requested=True))
    return status


def active(connection: Connection, status: JobState) -> Sequence[Row[Any]]:
    """Return the jobs in ``status``, in the order in which they were submitted."""
    return connection.execute(
        select(jobs).where(jobs.c.status == status).order_by(jobs.c.submitted, jobs.c.id)
    ).all()


def waiting_for(connection: Connection, install: str) -> list[str]:
    """Return the ids of the jobs that wait for ``install``."""
    query = select(jobs.c.id).where(jobs.c.install == install, jobs.c.status == JobState.WAITING)
    return list(connection.execute(query).scalars())


def call_of(connection: Connection, job: str) -> dict[str, Any]:
    """Return the encoded arguments of ``job``."""
    return dict(connection.execute(select(calls.c.document).where(calls.c.job == job)).scalar_one())


def result_of(connection: Connection, job: str) -> dict[str, Any] | None:
    """Return the encoded result of ``job``, or None where it has none."""
    return connection.execute(
        select(results.c.document).where(results.c.job == job)
    ).scalar_one_or_none()


def file_of(connection: Connection, job: str, name: str) -> FileRecord:
    """Return the file ``name`` of ``job``; raises `UnknownItem` and lists those that it has."""
    files = _files(connection, [job]).get(job, [])
    for file in files:
        if file.name == name:
            return file
    names = ", ".join(file.name for file in files) or "none"
    raise UnknownItem(f"job {job} has no file {name!r}; it has: {names}")


def _files(connection: Connection, ids: Iterable[str]) -> dict[str, list[FileRecord]]:
    query = select(job_files).where(job_files.c.job.in_(list(ids))).order_by(job_files.c.name)
    found: dict[str, list[FileRecord]] = {}
    for row in connection.execute(query):
        found.setdefault(row.job, []).append(
            FileRecord(name=row.name, sha256=row.sha256, size=row.size)
        )
    return found


def record(connection: Connection, job: str, user: str) -> JobRecord:
    """Return what the wire says of ``job``."""
    row = get(connection, job, user)
    return _record(row, _files(connection, [job]).get(job, []))


def listing(
    connection: Connection, user: str, *, status: JobState | None, limit: int
) -> list[JobRecord]:
    """Return the newest ``limit`` jobs of ``user``, newest first."""
    query = select(jobs).where(jobs.c.user == user)
    if status is not None:
        query = query.where(jobs.c.status == status)
    rows = connection.execute(query.order_by(jobs.c.submitted.desc()).limit(limit)).all()
    files = _files(connection, [row.id for row in rows])
    return [_record(row, files.get(row.id, [])) for row in rows]


def _record(row: Row[Any], files: list[FileRecord]) -> JobRecord:
    return JobRecord(
        id=row.id,
        status=row.status,
        entry_point=row.entry_point,
        lock_hash=row.lock_hash,
        set_hash=row.set_hash,
        install=row.install,
        environment=row.environment,
        runtime_hash=row.runtime_hash,
        attempt=row.attempt,
        pid=row.pid,
        submitted=row.submitted,
        started=row.started,
        finished=row.finished,
        error=row.error,
        files=files,
    )
