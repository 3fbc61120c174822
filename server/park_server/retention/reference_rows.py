"""Which files by content the rows of a database refer to, and what jobs take of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Text, func, select, type_coerce

from park.model.ids import JobId
from park.model.states import InstallState
from park_server.db.blocks import in_blocks
from park_server.db.portable_sql import names_files, occurs_in, seconds_between
from park_server.db.tables import (
    arriving,
    calls,
    fetched,
    installs,
    job_files,
    jobs,
    needs,
    results,
    staged,
)
from park_server.retention.job_quota import KeptJob
from park_server.retention.removal_rows import FREE, followed

__all__ = ["digests_in_use", "digests_of", "kept_jobs", "still_named"]

_SHA256 = re.compile(r'"sha256":\s*"([0-9a-f]{64})"')
_DOCUMENTS = (calls, staged, results)
"""Where files stand in arguments and values; what merely looks like a file is kept too."""

_LOOKED_FOR = 20
"""Digests that are looked for one by one: each goes through the documents that name any file."""


def digests_in_use(connection: Connection, *, without: Collection[str] = frozenset()) -> set[str]:
    """Return the SHA-256 of each file that is referred to, but for what the jobs ``without`` do.

    By jobs, which left it or were given it, also those that are still to be made of a large
    submission; by fetches that will find it again; and by installs whose sources are still to be
    built.
    """
    found = set(connection.execute(select(fetched.c.sha256)).scalars())
    coming = select(arriving.c.document).execution_options(yield_per=1)
    for document in connection.execute(coming).scalars():
        found.update(_SHA256.findall(document))
    for job, digest in _by_job(connection):
        if job not in without:
            found.add(digest)
    return found | _of_installs(connection)


def _of_installs(connection: Connection) -> set[str]:
    """Return the SHA-256 of the sources that installs still need."""
    goes_on = [state for state in InstallState if not state.is_final]
    asked = select(installs.c.request).where(installs.c.state.in_(goes_on))
    return {
        each["sha256"]
        for request in connection.execute(asked).scalars()
        for each in request.get("sources") or ()
    }


def still_named(connection: Connection, digests: Collection[str]) -> set[str]:
    """Return those of ``digests`` that are `digests_in_use`.

    Of a few each is looked for where it may be; to look for many, all are read once.
    """
    if len(digests) > _LOOKED_FOR:
        return digests_in_use(connection) & set(digests)
    of_installs = _of_installs(connection)
    return {each for each in digests if each in of_installs or _is_named(connection, each)}


def _is_named(connection: Connection, digest: str) -> bool:
    """Tell whether ``digest`` stands in a row of jobs, of what comes, or of fetches."""
    rows = [
        *(select(t.c.sha256).where(t.c.sha256 == digest) for t in (job_files, fetched)),
        select(arriving.c.submission).where(occurs_in(arriving.c.document, digest)),
        *(
            select(table.c.job).where(
                names_files(table.c.document), occurs_in(table.c.document, digest)
            )
            for table in _DOCUMENTS
        ),
    ]
    return any(connection.execute(query.limit(1)).first() is not None for query in rows)


def digests_of(connection: Connection, ids: Sequence[JobId]) -> set[str]:
    """Return the SHA-256 of each file that ``ids`` have left or were given."""
    found: set[str] = set()
    for block in in_blocks(ids):
        left = select(job_files.c.sha256).where(job_files.c.job.in_(block))
        found.update(connection.execute(left).scalars())
        for table in _DOCUMENTS:
            text = type_coerce(table.c.document, Text)
            given = select(text).where(table.c.job.in_(block), names_files(table.c.document))
            for document in connection.execute(given).scalars():
                found.update(_SHA256.findall(document))
    return found


def kept_jobs(connection: Connection, logs: Mapping[str, int]) -> list[KeptJob]:
    """Return every job with what it takes; ``logs`` are the bytes of its folder."""
    files: defaultdict[str, set[str]] = defaultdict(set)
    for job, digest in _by_job(connection):
        files[job].add(digest)
    given, left = _lengths(connection, calls, staged), _lengths(connection, results)
    used = dict(connection.execute(_LAST_USE).all())
    kept = followed(connection)
    free = set(connection.execute(select(jobs.c.id).where(FREE)).scalars()) - kept
    return [
        KeptJob(
            id=JobId(job),
            calls_bytes=given.get(job, 0),
            results_bytes=left.get(job, 0),
            logs_bytes=logs.get(job, 0),
            files=frozenset(files[job]),
            last_used=max(finished or "", read or "", used.get(job) or ""),
            stays=job not in free,
            cost_s=cost_s or 0.0,
        )
        for job, finished, read, cost_s in connection.execute(_USED)
    ]


_COST_S = seconds_between(jobs.c.started, jobs.c.finished)
_USED = select(jobs.c.id, jobs.c.finished, jobs.c.last_used, _COST_S)
_LAST_USE = (
    select(needs.c.needed, func.max(jobs.c.finished))
    .join(jobs, jobs.c.id == needs.c.job)
    .where(needs.c.service == "")
    .group_by(needs.c.needed)
)


def _lengths(connection: Connection, *tables: Any) -> dict[str, int]:
    found: defaultdict[str, int] = defaultdict(int)
    for table in tables:
        length = func.length(type_coerce(table.c.document, Text))
        for job, size in connection.execute(select(table.c.job, length)):
            found[job] += size or 0
    return found


def _by_job(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield each job with the SHA-256 of each file that it has left or was given."""
    for job, digest in connection.execute(select(job_files.c.job, job_files.c.sha256)):
        yield job, digest
    for table in _DOCUMENTS:
        text = type_coerce(table.c.document, Text)
        query = select(table.c.job, text).where(names_files(table.c.document))
        for job, document in connection.execute(query.execution_options(yield_per=500)):
            for digest in _SHA256.findall(document):
                yield job, digest
