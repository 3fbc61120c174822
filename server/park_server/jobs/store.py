"""All that is asked of the database about jobs. Every change appends its event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from park.errors import UnknownItem
from park.model.states import JobState, may_follow
from park.wire import FileRecord, JobRecord, JobRequest
from park_server import events
from park_server.clock import now
from park_server.db.tables import calls, environments, job_files, jobs, results

__all__ = [
    "Ending",
    "ImpossibleTransition",
    "Queued",
    "active",
    "awaited_installs",
    "bind",
    "cancelled_in_time",
    "create",
    "end",
    "file_of",
    "get",
    "ids",
    "listing",
    "record",
    "request_cancel",
    "request_of",
    "requeue",
    "result_of",
    "starting",
    "to_start",
    "used",
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


def create(
    connection: Connection,
    user: str,
    new: Sequence[tuple[JobRequest, JobState]],
    submitted: str,
) -> set[str]:
    """Write the jobs in ``new`` that are not known yet (a retry of the client); return their ids.

    A handful of statements, however many they are.
    """
    known = _known(connection, [request.id for request, _ in new])
    absent = {request.id: (request, state) for request, state in new if request.id not in known}
    if absent:
        rows = [_row(request, state, user, submitted) for request, state in absent.values()]
        documents = [
            {"job": request.id, "document": request.call} for request, _ in absent.values()
        ]
        connection.execute(insert(jobs), rows)
        connection.execute(insert(calls), documents)
        entered = {job: state for job, (_, state) in absent.items()}
        events.append_all(connection, subject="job", user=user, entered=entered)
    return set(absent)


_KNOWN_AT_ONCE = 500
"""Ids in one query: SQLite of some years ago takes 999 parameters."""


def _known(connection: Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for first in range(0, len(ids), _KNOWN_AT_ONCE):
        some = ids[first : first + _KNOWN_AT_ONCE]
        found.update(connection.execute(select(jobs.c.id).where(jobs.c.id.in_(some))).scalars())
    return found


def _row(request: JobRequest, state: JobState, user: str, submitted: str) -> dict[str, Any]:
    return {
        "id": request.id,
        "user": user,
        "status": state,
        "entry_point": request.entry_point,
        "lock_hash": request.lock_hash,
        "set_hash": request.set_hash,
        "install": request.install,
        "attempt": 0,
        "fresh": request.fresh,
        "restartable": request.restartable,
        "timeout_s": request.timeout_s,
        "memory_bytes": request.memory_bytes,
        "cancel_requested": False,
        "submitted": submitted,
    }


def get(connection: Connection, job: str, user: str | None = None) -> Row[Any]:
    """Return the row of ``job``; raises `UnknownItem` (also for another user's job)."""
    row = connection.execute(select(jobs).where(jobs.c.id == job)).first()
    if row is None or (user is not None and row.user != user):
        raise UnknownItem(f"no job {job} on this service", hint="`park jobs` lists yours")
    return row


def _statement(status: JobState, **changes: Any) -> Any:
    """Return the statement that takes a job to ``status``, from where it may come.

    Made once: SQLAlchemy takes longer to build and to recognise a statement than SQLite
    takes to run it.
    """
    may_go = or_(*(jobs.c.status == before for before in JobState if may_follow(before, status)))
    values = {"status": status, **changes}
    statement = update(jobs).where(jobs.c.id == bindparam("job"), may_go).values(values)
    return statement.returning(jobs.c.user, jobs.c.attempt, jobs.c.started)


_BIND = _statement(
    JobState.QUEUED, lock_hash=bindparam("lock_hash"), set_hash=bindparam("set_hash")
)
_REQUEUE = _statement(JobState.QUEUED, started=None)
_START = _statement(
    JobState.RUNNING,
    environment=bindparam("environment"),
    runtime_hash=bindparam("runtime_hash"),
    attempt=jobs.c.attempt + 1,
    started=bindparam("started"),
)
_END: Mapping[JobState, Any] = {
    status: _statement(
        status,
        finished=bindparam("finished"),
        error=bindparam("error"),
        traceback=bindparam("traceback"),
    )
    for status in JobState
    if status.is_final
}
_ADD_RESULT = insert(results)
_ADD_FILE = insert(job_files)


def _transition(
    connection: Connection, statement: Any, job: str, status: JobState, **values: Any
) -> Row[Any]:
    """Take ``job`` to ``status``, with its event; raises `ImpossibleTransition`."""
    row: Row[Any] | None = connection.execute(statement, {"job": job, **values}).first()
    if row is None:
        before = get(connection, job).status
        raise ImpossibleTransition(f"job {job} cannot go from {before} to {status}")
    error = values.get("error")
    data = {"error": error} if error else {}
    events.append(connection, subject="job", id=job, type=status, user=row.user, **data)
    return row


def bind(connection: Connection, job: str, lock_hash: str, set_hash: str) -> None:
    """Bind a waiting job to the lock that its install came to; it is queued now."""
    values = {"lock_hash": lock_hash, "set_hash": set_hash}
    _transition(connection, _BIND, job, JobState.QUEUED, **values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Queued:
    """A job of ``user`` that may start."""

    user: str
    request: JobRequest


def request_of(row: Row[Any], call: dict[str, Any] | None = None) -> JobRequest:
    """Return the request that made the job ``row``, with its ``call`` where it is known."""
    return JobRequest(
        id=row.id,
        entry_point=row.entry_point,
        call=call or {},
        lock_hash=row.lock_hash,
        install=row.install,
        set_hash=row.set_hash,
        fresh=row.fresh,
        restartable=row.restartable,
        timeout_s=row.timeout_s,
        memory_bytes=row.memory_bytes,
    )


def to_start(connection: Connection, ids: Sequence[str]) -> list[Queued]:
    """Return those of the jobs ``ids`` that are still queued, in the order of ``ids``."""
    rows = connection.execute(
        select(jobs, calls.c.document)
        .join(calls, calls.c.job == jobs.c.id)
        .where(jobs.c.id.in_(ids), jobs.c.status == JobState.QUEUED)
    )
    found = {row.id: Queued(user=row.user, request=request_of(row, row.document)) for row in rows}
    return [found[job] for job in ids if job in found]


def starting(
    connection: Connection, job: str, environment: str, runtime_hash: str
) -> Row[Any] | None:
    """Commit to a new attempt before the engine hears of it; return its ``attempt``, ``started``.

    None where the job is queued no longer: it was cancelled meanwhile. A crash from here on
    is settled by the attempt's file: whoever creates it owns the attempt.
    """
    try:
        return _transition(
            connection,
            _START,
            job,
            JobState.RUNNING,
            environment=environment,
            runtime_hash=runtime_hash,
            started=now(),
        )
    except ImpossibleTransition:
        return None


def used(connection: Connection, lock_hash: str) -> None:
    """Note that the environment of ``lock_hash`` is used now."""
    connection.execute(
        update(environments).where(environments.c.lock_hash == lock_hash).values(last_used=now())
    )


def requeue(connection: Connection, job: str) -> None:
    """Queue a job again whose attempt is over, and which may run again."""
    _transition(connection, _REQUEUE, job, JobState.QUEUED)


def end(connection: Connection, job: str, ending: Ending) -> None:
    """Write how ``job`` ended, its result and its files, all in one transaction."""
    _transition(
        connection,
        _END[ending.status],
        job,
        ending.status,
        finished=now(),
        error=ending.error,
        traceback=ending.traceback,
    )
    if ending.result is not None:
        connection.execute(_ADD_RESULT, {"job": job, "document": ending.result})
    if ending.files:
        rows = [
            {"job": job, "name": file.name, "sha256": file.sha256, "size": file.size}
            for file in ending.files
        ]
        connection.execute(_ADD_FILE, rows)


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


def ids(connection: Connection, status: JobState) -> list[str]:
    """Return the ids of the jobs in ``status``, in the order in which they were submitted."""
    query = select(jobs.c.id).where(jobs.c.status == status)
    return list(connection.execute(query.order_by(jobs.c.submitted, jobs.c.id)).scalars())


def awaited_installs(connection: Connection) -> list[str]:
    """Return the installs that jobs wait for."""
    query = select(jobs.c.install).where(jobs.c.status == JobState.WAITING).distinct()
    return [str(install) for install in connection.execute(query).scalars()]


def waiting_for(connection: Connection, install: str) -> list[str]:
    """Return the ids of the jobs that wait for ``install``."""
    query = select(jobs.c.id).where(jobs.c.install == install, jobs.c.status == JobState.WAITING)
    return list(connection.execute(query).scalars())


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
    # files are written with the end, and only then
    files = _files(connection, [job]).get(job, []) if row.finished else []
    return _record(row, files)


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
        pid=None,
        submitted=row.submitted,
        started=row.started,
        finished=row.finished,
        error=row.error,
        files=files,
    )
