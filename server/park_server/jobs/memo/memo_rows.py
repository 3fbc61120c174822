"""All that is asked of the database about calls that were made before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    and_,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from park.model.asked.resources import Resources
from park.model.ids import JobId
from park.model.memo.call_key import CallShape
from park.model.memo.usage import Usage
from park.model.references import Reference
from park.model.states import JobState
from park_server.db.blocks import in_blocks
from park_server.db.portable_sql import unindexed
from park_server.db.prepared import Prepared, PreparedOfMany
from park_server.db.tables import installs, job_files, jobs, memo_calls, memo_usages, results
from park_server.jobs.memo.decision import Asked, Candidate

__all__ = [
    "add",
    "asked",
    "candidates",
    "contents_of",
    "key_of",
    "note_run",
    "note_values",
    "output_of_run",
    "row_of",
    "update_calls",
    "usage_of",
    "values",
    "written_as",
]

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_JOB: BindParameter[Any] = bindparam("of")

_DECIDED = ("key", "source", "contents", "checks", "why")
_ADD = Prepared(insert(memo_calls), ("job", "owner", "call", "refs", "files", "output", *_DECIDED))
_LOCK = func.coalesce(
    jobs.c.lock_hash,
    select(installs.c.lock_hash).where(installs.c.id == jobs.c.install).scalar_subquery(),
)
# An expression, so that SQLite begins with the index of keys: all runs have no source.
_IS_A_RUN = unindexed(memo_calls.c.source).is_(None)


class _AskedRow(NamedTuple):
    """A waiting job that is remembered, in the order of `_ASKED`."""

    job: JobId
    owner: str
    call: str
    refs: Any
    files: Any
    output: str | None
    source: JobId | None
    user: str
    timeout_s: float | None
    stalled_after_s: float | None
    memory_bytes: int | None
    resources: Resources | None
    submitted: str
    lock: str | None


_OF_CALL, _OF_JOB = _AskedRow._fields[:7], _AskedRow._fields[7:-1]
_ASKED = PreparedOfMany(
    lambda ids: (
        select(
            *(memo_calls.c[name] for name in _OF_CALL),
            *(jobs.c[name] for name in _OF_JOB),
            _LOCK.label("lock"),
        )
        .join(jobs, jobs.c.id == memo_calls.c.job)
        .where(memo_calls.c.job.in_(ids), unindexed(jobs.c.status) == JobState.WAITING)
    )
)
_GOES_ON = [literal(each) for each in (JobState.QUEUED, JobState.RUNNING, JobState.COMPLETED)]
_CANDIDATES = PreparedOfMany(
    lambda keys: (
        select(
            memo_calls.c.key,
            jobs.c.id,
            jobs.c.user,
            jobs.c.status,
            jobs.c.lock_hash,
            jobs.c.runtime_hash,
            jobs.c.timeout_s,
            jobs.c.stalled_after_s,
            jobs.c.memory_bytes,
            jobs.c.resources,
            memo_calls.c.usage,
            memo_calls.c.carried,
        )
        .join(jobs, jobs.c.id == memo_calls.c.job)
        .where(
            memo_calls.c.key.in_(keys),
            _IS_A_RUN,
            memo_calls.c.unfit.is_(None),
            jobs.c.cancel_requested.is_(False),
            # who waits to be tried again may wait for long
            ~and_(jobs.c.status == JobState.QUEUED, jobs.c.not_before.is_not(None)),
            or_(unindexed(jobs.c.status).in_(_GOES_ON), memo_calls.c.carried),
        )
        .order_by(jobs.c.id.desc())
    )
)
_CONTENTS_LEFT = PreparedOfMany(
    lambda ids: select(job_files.c.job, job_files.c.sha256).where(job_files.c.job.in_(ids))
)


def row_of(asked: Asked, **said: Any) -> dict[str, Any]:
    """Return the row of a call that is new; ``said`` are columns that are known already."""
    shape = asked.shape
    return {
        "job": asked.job,
        "owner": asked.owner,
        "call": shape.digest,
        "refs": [each.as_json() for each in shape.references] or None,
        "files": list(shape.files) or None,
        "output": shape.output,
        **{name: said.get(name) for name in _DECIDED},
    }


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the calls of new jobs."""
    _ADD.run_all(connection, rows)


def asked(connection: Connection, ids: Iterable[str]) -> tuple[list[Asked], dict[str, JobId]]:
    """Return those of the waiting jobs ``ids`` that are remembered, and whom some have joined."""
    found: list[Asked] = []
    joined: dict[str, JobId] = {}
    for row in starmap(_AskedRow, _ASKED.all(connection, ids)):
        if row.lock is None:
            continue
        if row.source is not None:
            joined[row.job] = JobId(row.source)
        found.append(_asked(row, row.lock))
    found.sort(key=lambda each: each.job)
    return found, joined


def _asked(row: _AskedRow, lock: str) -> Asked:
    shape = CallShape(
        digest=row.call,
        references=tuple(map(Reference.from_json, row.refs or ())),
        files=tuple(row.files or ()),
        output=row.output,
    )
    return Asked(
        job=JobId(row.job),
        user=row.user,
        owner=row.owner,
        shape=shape,
        lock_hash=lock,
        timeout_s=row.timeout_s,
        stalled_after_s=row.stalled_after_s,
        memory_bytes=row.memory_bytes,
        resources=row.resources,
        submitted=row.submitted,
    )


def candidates(connection: Connection, keys: Iterable[str]) -> dict[str, list[Candidate]]:
    """Return the jobs that run, will run or ran the calls ``keys``, the newest first."""
    found: defaultdict[str, list[Candidate]] = defaultdict(list)
    rows = _CANDIDATES.all(connection, dict.fromkeys(keys))
    left = _contents_left(connection, [job for _, job, *_ in rows])
    for (
        key,
        job,
        user,
        status,
        lock,
        runtime,
        timeout,
        stalled,
        memory,
        asked,
        usage,
        carried,
    ) in rows:
        candidate = Candidate(
            job=JobId(job),
            user=user,
            # the process of one that is carried goes on, though the job has ended
            status=JobState.RUNNING if carried else JobState(status),
            lock_hash=lock,
            runtime_hash=runtime,
            timeout_s=timeout,
            stalled_after_s=stalled,
            memory_bytes=memory,
            resources=asked,
            usage=usage,
            files=tuple(left.get(job, ())),
        )
        found[key].append(candidate)
    return dict(found)


def _contents_left(connection: Connection, jobs: Iterable[str]) -> dict[str, list[str]]:
    """Return the digests of the files that each of ``jobs`` left."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for job, sha256 in _CONTENTS_LEFT.all(connection, jobs):
        found[job].append(sha256)
    return found


_UPDATE = Prepared(
    update(memo_calls)
    .where(memo_calls.c.job == _JOB)
    .values({name: bindparam(name) for name in _DECIDED})
)


def update_calls(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what was decided on calls that are written already; ``rows`` are as in `row_of`."""
    changes = [{"of": row["job"], **{name: row[name] for name in _DECIDED}} for row in rows]
    _UPDATE.run_all(connection, changes)


# -- what jobs left

_VALUES = PreparedOfMany(
    lambda ids: select(memo_calls.c.job, memo_calls.c.value).where(
        memo_calls.c.job.in_(ids), memo_calls.c.value.is_not(None)
    )
)
_NOTE_VALUE = (
    update(memo_calls).where(memo_calls.c.job == _JOB).values(value=bindparam("value_digest"))
)
_DOCUMENTS = select(results.c.job, results.c.document).where(results.c.job.in_(_IDS))


def values(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return the digests of what the jobs ``ids`` returned, as far as they are known."""
    found: dict[str, str] = {}
    found.update((job, digest) for job, digest in _VALUES.all(connection, ids))
    return found


def note_values(connection: Connection, digests: Mapping[str, str]) -> None:
    """Write down what is known now of what jobs returned."""
    if digests:
        rows = [{"of": job, "value_digest": digest} for job, digest in digests.items()]
        connection.execute(_NOTE_VALUE, rows)


def written_as(connection: Connection, ids: Iterable[str]) -> dict[str, Any]:
    """Return the encoded results of the jobs ``ids``."""
    found: dict[str, Any] = {}
    for block in in_blocks(ids):
        rows = connection.execute(_DOCUMENTS, {"ids": block})
        found.update((job, document) for job, document in rows)
    return found


def key_of(connection: Connection, job: JobId) -> str | None:
    """Return the key of the call of ``job``, where it was found."""
    query = select(memo_calls.c.key).where(memo_calls.c.job == job)
    return connection.execute(query).scalar()


_HAS_USAGE = Prepared(
    select(memo_usages.c.sha256).where(memo_usages.c.sha256 == bindparam("digest"))
)
_NOTE_RUN = Prepared(
    update(memo_calls)
    .where(memo_calls.c.job == _JOB)
    .values(usage=bindparam("usage"), unfit=bindparam("unfit"))
)


def note_run(connection: Connection, job: JobId, usage: Usage | None, unfit: str | None) -> None:
    """Note what the run of ``job`` used, and why it answers no other one, where that is so."""
    digest = None
    if usage is not None and unfit is None:
        digest = usage.digest
        if _HAS_USAGE.first(connection, digest=digest) is None:
            document = {"sha256": digest, "document": usage.as_json()}
            connection.execute(insert(memo_usages), document)
    _NOTE_RUN.run(connection, {"of": job, "usage": digest, "unfit": unfit})


_CONTENTS = Prepared(select(memo_calls.c.contents).where(memo_calls.c.job == _JOB))


def contents_of(connection: Connection, job: JobId) -> dict[str, str] | None:
    """Return the digests of the files on the service that the call of ``job`` names."""
    contents: dict[str, str] | None
    (contents,) = _CONTENTS.first(connection, of=job) or (None,)
    return contents


def output_of_run(connection: Connection, job: JobId, output: str) -> str | None:
    """Return the SHA-256 of the file that ``job`` left as ``output``, by its last name."""
    name = PurePosixPath(output).name
    query = select(job_files.c.sha256).where(job_files.c.job == job, job_files.c.name == name)
    return connection.execute(query).scalar()


def usage_of(connection: Connection, digest: str) -> Any:
    """Return the document of a usage, None where there is none of that digest."""
    query = select(memo_usages.c.document).where(memo_usages.c.sha256 == digest)
    return connection.execute(query).scalar()
