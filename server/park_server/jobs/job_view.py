"""Jobs as the wire shows them, and how they are found by what people type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Connection, Table, bindparam, func, select

from park.errors import UsageError
from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park.wire import FileRecord, JobRecord, RaceRecord
from park_server.db.blocks import in_blocks
from park_server.db.little_json import is_little, little
from park_server.db.prepared import Prepared
from park_server.db.tables import installs, jobs
from park_server.jobs.job_rows import get, head_of, stored
from park_server.jobs.left.file_rows import files_of, have_many
from park_server.jobs.races import race_rows
from park_server.jobs.stored_job import StoredJob

__all__ = [
    "JobFilter",
    "existing",
    "full_id",
    "is_whole",
    "newest",
    "record",
    "records",
    "standing",
    "with_much",
    "without_files",
]

_WHOLE = 36
"""Characters of a UUID."""

_SHORTEST_END = 6
_NEWEST = 10_000
"""Jobs among which the end of an id is looked for."""


def is_whole(text: str) -> bool:
    """Tell whether ``text`` is too long to be the end of an id."""
    return len(text) >= _WHOLE


def existing(connection: Connection, text: str, user: str) -> JobId:
    """Return the id of the job of ``user`` that `full_id` finds; raises `UnknownItem`, too."""
    return head_of(connection, JobId(full_id(connection, text, user)), user).id


def full_id(connection: Connection, text: str, user: str, *, installs_too: bool = False) -> str:
    """Return the id that ends in ``text`` among the newest of ``user``, or ``text`` itself.

    It is a job's, or an install's where ``installs_too``. Raises `UsageError` that lists
    several.
    """
    end = text.removeprefix("…")
    if is_whole(end) or len(end) < _SHORTEST_END:
        return text
    found = _ending_in(connection, end, jobs, jobs.c.submitted, user)
    if installs_too:
        found += _ending_in(connection, end, installs, installs.c.created, user)
    if len(found) > 1:
        what = "jobs and installs" if installs_too else "jobs"
        raise UsageError(
            f"{len(found)} of your {what} end in {end}: {', '.join(found[:10])}",
            hint="write more of its end, or the whole id",
        )
    return found[0] if found else text


def _ending_in(
    connection: Connection, end: str, table: Table, age: Column[str], user: str
) -> list[str]:
    newest = select(table.c.id).where(table.c.user == user).order_by(age.desc())
    among = newest.limit(_NEWEST).subquery()
    query = select(among.c.id).where(among.c.id.endswith(end, autoescape=True))
    return list(connection.execute(query).scalars())


_STANDING = Prepared(
    select(jobs.c.user, jobs.c.status, little(jobs.c.condition)).where(
        jobs.c.id == bindparam("job")
    )
)


def standing(connection: Connection, job: JobId, user: str) -> tuple[JobState, bool]:
    """Return the state of ``job``, and whether its `record` is much for an event loop to read.

    Its condition may have 200,000 leaves, and it may have left 100,000 files. It costs a fraction
    of the record; raises as that.
    """
    owner, status, condition = _STANDING.first(connection, job=job) or (None, "", None)
    if owner != user:
        return get(connection, job, user).status, False  # raises
    is_final = JobState(status).is_final
    is_much = not is_little(connection, jobs.c.condition, condition)
    return JobState(status), is_much or (is_final and have_many(connection, [job]))


def record(connection: Connection, job: JobId, user: str) -> JobRecord:
    """Return what the wire says of ``job``."""
    found = get(connection, job, user)
    # files are written with the end, and only then
    files = files_of(connection, [job]).get(job, []) if found.finished else []
    return _record(found, files, race_rows.records(connection, _races_in([found])).get(job))


def records(connection: Connection, ids: Sequence[JobId], user: str) -> list[JobRecord]:
    """Return what the wire says of those of ``ids`` that ``user`` has."""
    found = [job for some in in_blocks(ids) for job in stored(connection, some)]
    files = {
        job: left for some in in_blocks(ids) for job, left in files_of(connection, some).items()
    }
    races = race_rows.records(connection, _races_in(found))
    return [
        _record(job, files.get(job.id, []), races.get(job.id)) for job in found if job.user == user
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFilter:
    """Which jobs are meant: all that is given holds for them.

    ``since`` is RFC 3339 in UTC, ``label`` a part of theirs in any case.
    """

    status: JobState | None = None
    since: str | None = None
    label: str | None = None
    submitted_from: str | None = None

    def clauses(self) -> Iterator[ColumnElement[bool]]:
        """Yield what a query asks of each job."""
        if self.status is not None:
            yield jobs.c.status == self.status
        if self.since is not None:
            yield jobs.c.submitted >= self.since
        if self.label is not None:
            label = func.coalesce(jobs.c.label, jobs.c.entry_point)
            yield label.icontains(self.label, autoescape=True)
        if self.submitted_from is not None:
            yield jobs.c.submitted_from == self.submitted_from


def newest(connection: Connection, user: str, wanted: JobFilter, *, limit: int) -> list[JobId]:
    """Return the newest ``limit`` jobs of ``user`` that are ``wanted``, newest first."""
    query = select(jobs.c.id).where(jobs.c.user == user, *wanted.clauses())
    query = query.order_by(jobs.c.submitted.desc()).limit(limit)
    return [JobId(job) for job in connection.execute(query).scalars()]


def with_much(connection: Connection, ids: Sequence[JobId]) -> set[JobId]:
    """Return those of ``ids`` whose condition is much to read: it may have 200,000 leaves."""
    query = select(jobs.c.id, little(jobs.c.condition)).where(jobs.c.id.in_(ids))
    rows = connection.execute(query).all()
    return {JobId(job) for job, found in rows if not is_little(connection, jobs.c.condition, found)}


def without_files(connection: Connection, ids: Sequence[JobId]) -> list[JobRecord]:
    """Return what the wire says of those of ``ids`` that are there, but for their files."""
    found = stored(connection, ids)
    races = race_rows.records(connection, _races_in(found))
    return [_record(job, [], races.get(job.id)) for job in found]


def _races_in(found: Sequence[StoredJob]) -> list[JobId]:
    return [job.id for job in found if job.kind is JobKind.RACE]


def _record(job: StoredJob, files: list[FileRecord], race: RaceRecord | None) -> JobRecord:
    return JobRecord(
        id=job.id,
        status=job.status,
        entry_point=job.entry_point,
        lock_hash=job.lock_hash,
        set_hash=job.set_hash,
        install=job.install,
        environment=job.environment,
        runtime_hash=job.runtime_hash,
        attempt=job.attempt,
        pid=None,
        submitted=job.submitted,
        started=job.started,
        finished=job.finished,
        error=job.error,
        files=files,
        kind=job.kind,
        when=job.condition if job.kind is not JobKind.RACE else None,
        retries=job.options.retries,
        failures=job.failures,
        not_before=job.not_before if job.status is JobState.QUEUED else None,
        label=job.label,
        submitted_from=job.submitted_from,
        pinned=job.pinned,
        logs_removed=job.logs_removed,
        stop_by=job.stop_by,
        race=race,
        memoized_from=job.memoized_from,
        asked_for=job.asked_for,
        request_id=job.request_id,
        resources=job.options.resources,
    )
