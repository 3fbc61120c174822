"""Jobs that start, and jobs that complete: many in one statement, and their events in another.

Each job does both once, so these are what a crowd of them costs the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Update,
    bindparam,
    case,
    exists,
    insert,
    literal,
    not_,
    null,
    or_,
    update,
)

from park.model.ids import JobId
from park.model.states import JobState, may_follow
from park_server import events
from park_server.clock import now
from park_server.db.portable_sql import unindexed
from park_server.db.prepared import Prepared, PreparedOfMany
from park_server.db.tables import jobs, results, unsettled
from park_server.jobs.job_end import STOPPED_EARLY, JobEnd
from park_server.jobs.job_rows import ImpossibleTransition
from park_server.jobs.stored_job import CHANGED, ChangedJob, StartedAttempt
from park_server.jobs.unsettled.unsettled_rows import Step

__all__ = ["complete_all", "is_plain", "start_all"]


def _statement(
    ids: Sequence[BindParameter[Any]],
    status: JobState,
    *unless: ColumnElement[bool],
    **changes: Any,
) -> Update:
    """Return the statement that takes jobs to ``status``, each from where it may come."""
    state = unindexed(jobs.c.status)
    may_go = or_(*(state == before for before in JobState if may_follow(before, status)))
    statement = update(jobs).where(jobs.c.id.in_(ids), may_go, *map(not_, unless))
    return statement.values(status=status, **changes).returning(*CHANGED)


_IS_TO_END = exists().where(unsettled.c.subject == jobs.c.id, unsettled.c.step == Step.ENDING)
_START = PreparedOfMany(
    lambda ids: _statement(
        ids,
        JobState.RUNNING,
        _IS_TO_END,
        environment=bindparam("environment"),
        runtime_hash=bindparam("runtime_hash"),
        attempt=jobs.c.attempt + 1,
        started=bindparam("started"),
    )
)
_IN_ENVIRONMENT = Prepared(
    update(jobs).where(jobs.c.id == bindparam("one")).values(environment=bindparam("environment"))
)
_IS_ASKED = jobs.c.stop_by.is_not(None) & ~jobs.c.cancel_requested
_COMPLETE = PreparedOfMany(
    lambda ids: _statement(
        ids,
        JobState.COMPLETED,
        finished=bindparam("finished"),
        error=case((_IS_ASKED, literal(STOPPED_EARLY)), else_=null()),
        traceback=null(),
    )
)
_ADD_RESULT = Prepared(insert(results), ("job", "document"))


def start_all(
    connection: Connection, environments: Mapping[JobId, str | None], runtime_hash: str | None
) -> dict[JobId, StartedAttempt]:
    """Commit to a new attempt of each job in its environment, before an engine hears of it.

    Returns them. One that is queued no longer has none: it was cancelled meanwhile, or is about
    to be. A crash from
    here on is settled by the attempt's file: whoever creates it owns the attempt.
    """
    moment = now()
    values = {"environment": None, "runtime_hash": runtime_hash, "started": moment}
    if len(each_of := {*environments.values()}) == 1:
        values["environment"] = each_of.pop()
    started = list(map(ChangedJob.of, _START.all(connection, environments, values)))
    if each_of and started:
        # a statement for each environment would be one for each job, where all differ
        names = [{"one": job.id, "environment": environments[job.id]} for job in started]
        _IN_ENVIRONMENT.run_all(connection, names)
    _tell(connection, JobState.RUNNING, started, {})
    return {each.id: StartedAttempt(attempt=each.attempt, started=moment) for each in started}


def is_plain(end: JobEnd) -> bool:
    """Tell whether a job ends as most do: it has completed, and left no file."""
    return end.status is JobState.COMPLETED and end.error is None and not end.files


def complete_all(connection: Connection, ends: Mapping[JobId, JobEnd]) -> Sequence[ChangedJob]:
    """Write that jobs have completed, whose ends are plain, with their results; return them.

    Raises `ImpossibleTransition` where one of them cannot complete any more.
    """
    rows = _COMPLETE.all(connection, ends, {"finished": now()})
    changed = list(map(ChangedJob.of, rows))
    if odd := ends.keys() - {each.id for each in changed}:
        raise ImpossibleTransition(f"jobs that cannot complete any more: {sorted(odd)}")
    machines = {job: {"machine": end.machine} for job, end in ends.items() if end.machine}
    _tell(connection, JobState.COMPLETED, changed, machines)
    documents = [
        {"job": job, "document": end.result} for job, end in ends.items() if end.result is not None
    ]
    if documents:
        _ADD_RESULT.run_all(connection, documents)
    return changed


def _tell(
    connection: Connection,
    status: JobState,
    changed: Iterable[ChangedJob],
    said: Mapping[JobId, dict[str, Any]],
) -> None:
    """Write an event of each job, with what is ``said`` of it, and with its error."""
    entered = [
        (each.id, status, each.user, _with_error(said.get(each.id, {}), each)) for each in changed
    ]
    if entered:
        events.append_many(connection, subject="job", entered=entered)


def _with_error(said: dict[str, Any], changed: ChangedJob) -> dict[str, Any]:
    return {**said, "error": changed.error} if changed.error else said
