"""Many jobs for one answer, a few at a time: ten thousand may have left 40,000 files each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from park.model.ids import JobId
from park.wire import FileRecord, JobRecord
from park_repo.database import Database
from park_server.jobs import job_view
from park_server.jobs.job_view import JobFilter
from park_server.jobs.left import file_rows

__all__ = ["ListedJob", "listed_jobs"]

_AT_ONCE = 100
"""Jobs that are read together: some milliseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedJob:
    """A job without its files in ``record``; these are read page by page, by name."""

    record: JobRecord
    files: Iterable[Sequence[FileRecord]]


def listed_jobs(
    database: Database,
    user: str,
    wanted: JobFilter,
    *,
    limit: int,
    alive: Callable[[Sequence[JobRecord]], Sequence[JobRecord]],
) -> Iterator[ListedJob]:
    """Yield the newest ``limit`` jobs of ``user`` that are ``wanted``, newest first.

    Each is as it is when it is read: one that has gone since, or is in another state than
    ``wanted``, is left out. ``alive`` adds what only the process knows. In any thread.
    """
    ids = database.read(lambda c: job_view.newest(c, user, wanted, limit=limit))
    for some in _blocks(database, ids):
        records = alive(database.read(partial(job_view.without_files, ids=some)))
        still = [each for each in records if wanted.status in {None, each.status}]
        yield from _with_files(database, still)


def _blocks(database: Database, ids: Iterable[JobId]) -> Iterator[Sequence[JobId]]:
    """Yield ``ids`` in blocks of which each is little to read, or is one job."""
    left = iter(ids)
    while some := list(islice(left, _AT_ONCE)):
        much = database.read(partial(job_view.with_much, ids=some))
        block: list[JobId] = []
        for job in some:
            if job in much and block:
                yield block
                block = []
            block.append(job)
            if job in much:
                yield block
                block = []
        if block:
            yield block


def _with_files(database: Database, records: Sequence[JobRecord]) -> Iterator[ListedJob]:
    ids = [JobId(each.id) for each in records]
    if database.read(lambda c: file_rows.have_many(c, ids)):
        for record, job in zip(records, ids, strict=True):
            yield ListedJob(record=record, files=file_rows.pages_of(database, job))
        return
    files = database.read(lambda c: file_rows.files_of(c, ids))
    for record in records:
        yield ListedJob(record=record, files=[files.get(record.id, [])])
