"""Answers that are checked: run nevertheless, and compared with what they would have been."""

from __future__ import annotations

import logging

from sqlalchemy import Connection, select, update

from park.model.conditions import brief
from park.model.ids import JobId
from park.model.memo.call_key import digest_of
from park_server import events
from park_server.db.event_kinds import DIFFERS
from park_server.db.tables import jobs, memo_calls
from park_server.jobs import job_rows
from park_server.jobs.job_end import JobEnd
from park_server.jobs.left import file_rows

__all__ = ["check"]

_log = logging.getLogger("park.memo")


def check(connection: Connection, job: JobId, end: JobEnd) -> None:
    """Compare how ``job`` ended with the answer that it was not given, where there was one."""
    query = select(memo_calls.c.checks, jobs.c.user, jobs.c.entry_point)
    query = query.join(jobs, jobs.c.id == memo_calls.c.job)
    row = connection.execute(query.where(memo_calls.c.job == job)).first()
    if row is None or row.checks is None:
        return
    differs = _difference(connection, JobId(row.checks), end)
    if not differs:
        return
    line = f"{differs} than that of job {brief(row.checks)}, the same call ({row.entry_point})"
    _log.error("job %s was run to check what is remembered: %s", job, line)
    events.append(
        connection,
        subject="job",
        id=job,
        type=DIFFERS,
        user=row.user,
        memoized_from=row.checks,
        error=line,
    )
    key = select(memo_calls.c.key).where(memo_calls.c.job == job).scalar_subquery()
    why = f"a check of it came to something else: {line}"
    connection.execute(update(memo_calls).where(memo_calls.c.key == key).values(unfit=why))


def _difference(connection: Connection, before: JobId, end: JobEnd) -> str:
    """Say what of a run is another than of the one ``before``; nothing where all is the same."""
    if digest_of(job_rows.result_of(connection, before)) != digest_of(end.result):
        return "its result is another"
    files = file_rows.files_of(connection, [before]).get(before, [])
    kept = {(file.name, file.sha256) for file in files}
    if kept != {(file.name, file.sha256) for file in end.files}:
        return "its files are others"
    return ""
