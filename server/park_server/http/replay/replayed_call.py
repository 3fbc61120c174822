"""The call of a job as its process had it: for who calls it again somewhere else."""

from __future__ import annotations

from sqlalchemy import Connection

from park.errors import UnknownItem, UsageError
from park.model.ids import JobId
from park.model.states import JobKind
from park.wire import InputRecord, ReplayRecord
from park_server import events
from park_server.envs import environment_rows
from park_server.jobs import job_rows, job_view
from park_server.jobs.dereference import resolved
from park_server.jobs.files.input_files import files_in

__all__ = ["input_of", "replayed"]


def replayed(connection: Connection, job: str, user: str, url: str) -> ReplayRecord:
    """Return what ``job`` of ``user`` was called with; ``url`` is that of this service.

    Raises `UnknownItem`, `UsageError` for what nobody calls or has no environment yet, and
    `CannotSatisfy` where what a reference stands for is not there.
    """
    found = job_rows.get(connection, JobId(job_view.full_id(connection, job, user)), user)
    if found.kind is not JobKind.CALL:
        raise UsageError(f"job {found.id} is a {found.kind}, which calls nothing")
    if found.lock_hash is None:
        raise UsageError(
            f"job {found.id} has no environment yet: it waits for its install",
            hint=f"park why {found.id}",
        )
    call = resolved(connection, found.id, user, job_rows.call_of(connection, found.id), url)
    files = dict.fromkeys(files_in(call))
    return ReplayRecord(
        job=found.id,
        entry_point=found.entry_point,
        lock_hash=found.lock_hash,
        set_hash=found.set_hash,
        python=environment_rows.lock(connection, found.lock_hash).python,
        call=call,
        inputs=[InputRecord(sha256=sha256, name=name) for sha256, name in files],
        machine=events.machine_of(connection, found.memoized_from or found.id),
    )


def input_of(connection: Connection, job: str, sha256: str, user: str, url: str) -> None:
    """Raise `UnknownItem` where ``sha256`` is no file among the arguments of ``job``."""
    if sha256 not in {each.sha256 for each in replayed(connection, job, user, url).inputs}:
        raise UnknownItem(f"no argument of job {job} is a file with the SHA-256 {sha256}")
