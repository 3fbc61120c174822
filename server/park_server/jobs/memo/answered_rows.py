"""Jobs that end with what others left: their rows, many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    String,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)

from park.model.ids import JobId
from park.model.states import JobState
from park.runtime.codec import TAG
from park_server import events
from park_server.clock import now
from park_server.db.blocks import in_blocks
from park_server.db.prepared import Prepared
from park_server.db.tables import installs, job_files, jobs, memo_calls, results

__all__ = ["complete", "copy"]

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_JOB: BindParameter[Any] = bindparam("of")
_SOURCE: BindParameter[Any] = bindparam("from_job")

_LOCK = func.coalesce(
    jobs.c.lock_hash,
    select(installs.c.lock_hash).where(installs.c.id == jobs.c.install).scalar_subquery(),
)
_SET = func.coalesce(
    jobs.c.set_hash,
    select(installs.c.set_hash).where(installs.c.id == jobs.c.install).scalar_subquery(),
)
_COMPLETE = Prepared(
    update(jobs)
    .where(jobs.c.id == _JOB, jobs.c.status == JobState.WAITING)
    .values(
        status=JobState.COMPLETED,
        finished=bindparam("moment"),
        memoized_from=_SOURCE,
        pending=case((jobs.c.pending.is_(None), None), else_=0),
        pools=None,
        lock_hash=_LOCK,
        set_hash=_SET,
    )
)
_COPY_RESULT = Prepared(
    insert(results).from_select(
        ["job", "document"],
        select(bindparam("of", type_=String), results.c.document).where(results.c.job == _SOURCE),
    )
)
_COPY_FILES = Prepared(
    insert(job_files).from_select(
        ["job", "name", "sha256", "size"],
        select(
            bindparam("of", type_=String), job_files.c.name, job_files.c.sha256, job_files.c.size
        ).where(job_files.c.job == _SOURCE),
    )
)
_SOURCES = memo_calls.alias("sources")
_ANSWERED = Prepared(update(memo_calls).where(memo_calls.c.job == _JOB).values(source=_SOURCE))
_KNOW_VALUE = (
    update(memo_calls)
    .where(memo_calls.c.job.in_(_IDS))
    .values(
        value=select(_SOURCES.c.value)
        .where(_SOURCES.c.job == memo_calls.c.source)
        .scalar_subquery()
    )
)
_USED = update(jobs).where(jobs.c.id.in_(_IDS)).values(last_used=bindparam("moment"))
_USERS = select(jobs.c.id, jobs.c.user).where(jobs.c.id.in_(_IDS))
_RUNS = jobs.alias("runs")
_RUN_SET = func.coalesce(
    _RUNS.c.set_hash,
    select(installs.c.set_hash).where(installs.c.id == _RUNS.c.install).scalar_subquery(),
)
_OF_ANOTHER_SET = (
    select(jobs.c.id, jobs.c.set_hash, results.c.document)
    .join(_RUNS, _RUNS.c.id == jobs.c.memoized_from)
    .join(results, results.c.job == jobs.c.id)
    .where(
        jobs.c.id.in_(_IDS),
        func.coalesce(jobs.c.set_hash, "") != func.coalesce(_RUN_SET, ""),
    )
)


def complete(connection: Connection, answered: Mapping[str, JobId]) -> None:
    """End waiting jobs with what others left, each by its id."""
    if not answered:
        return
    moment = now()
    pairs = [{"of": job, "from_job": source, "moment": moment} for job, source in answered.items()]
    for statement in (_COMPLETE, _ANSWERED):
        statement.run_all(connection, pairs)
    copy(connection, answered)
    users: dict[str, str] = {}
    for block in in_blocks(answered):
        users.update((job, user) for job, user in connection.execute(_USERS, {"ids": block}))
    entered = [
        (job, JobState.COMPLETED, users[job], {"memoized_from": source})
        for job, source in answered.items()
    ]
    events.append_many(connection, subject="job", entered=entered)


def copy(connection: Connection, answered: Mapping[str, JobId]) -> None:
    """Leave what others left, as that of jobs which have ended with it; note that it was used."""
    pairs = [{"of": job, "from_job": source} for job, source in answered.items()]
    for statement in (_COPY_RESULT, _COPY_FILES):
        statement.run_all(connection, pairs)
    moment = now()
    for runs in in_blocks(dict.fromkeys(answered.values())):
        connection.execute(_USED, {"ids": runs, "moment": moment})
    for block in in_blocks(answered):
        connection.execute(_KNOW_VALUE, {"ids": block})
        for job, set_hash, document in connection.execute(_OF_ANOTHER_SET, {"ids": block}).all():
            _retag(connection, job, set_hash, document)


def _retag(connection: Connection, job: JobId, set_hash: str | None, document: Any) -> None:
    """Have the pickles that ``job`` was answered with be those of its own set.

    All that they reach was used when they were made, and is the same in its lock.
    """
    if _tagged(document, set_hash):
        connection.execute(update(results).where(results.c.job == job).values(document=document))


def _tagged(document: Any, set_hash: str | None) -> bool:
    """Say in each pickle in ``document`` that it is of ``set_hash``; tell whether there is one."""
    found, pending = False, [document]
    while pending:
        node = pending.pop()
        if isinstance(node, dict) and node.get(TAG) == "pickle":
            node["set_hash"], found = set_hash, True
        elif isinstance(node, (dict, list)):
            pending.extend(node.values() if isinstance(node, dict) else node)
    return found
