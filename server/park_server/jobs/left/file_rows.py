"""What the database has of the files that jobs left: of one job up to a hundred thousand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, literal_column, select

from park.errors import UnknownItem
from park.model.file_names import readable
from park.model.ids import JobId
from park.wire import FileRecord
from park_repo.database import Database
from park_server.db.prepared import Prepared, PreparedOfMany
from park_server.db.tables import job_files

__all__ = ["MANY", "file_of", "files_of", "have_many", "names_told", "page_of", "pages_of"]

MANY = 1_000
"""Files of jobs that are read and written in some milliseconds: of more, beside the event loop."""

_MOST_TOLD = 20
"""Names in a message: a person reads no more, and there may be megabytes of them."""

_COLUMNS = (job_files.c.name, job_files.c.sha256, job_files.c.size)
_FILES = PreparedOfMany(
    lambda ids: (
        select(job_files.c.job, *_COLUMNS)
        .where(job_files.c.job.in_(ids))
        .order_by(job_files.c.name)
    )
)
_FILE = Prepared(
    select(*_COLUMNS).where(
        job_files.c.job == bindparam("job"), job_files.c.name == bindparam("name")
    )
)
_FIRST = Prepared(
    select(*_COLUMNS)
    .where(job_files.c.job == bindparam("job"))
    .order_by(job_files.c.name)
    .limit(literal_column(str(_MOST_TOLD + 1)))
)
_PAGE = Prepared(
    select(*_COLUMNS)
    .where(job_files.c.job == bindparam("job"), job_files.c.name > bindparam("after"))
    .order_by(job_files.c.name)
    .limit(literal_column(str(MANY)))
)
_SOME = PreparedOfMany(
    lambda ids: (
        select(job_files.c.size).where(job_files.c.job.in_(ids)).limit(literal_column(str(MANY)))
    )
)


def files_of(connection: Connection, ids: Iterable[str]) -> dict[str, list[FileRecord]]:
    """Return the files that each of the jobs ``ids`` left, by name."""
    found: dict[str, list[FileRecord]] = {}
    for job, name, sha256, size in _FILES.all(connection, ids):
        found.setdefault(job, []).append(FileRecord(name=name, sha256=sha256, size=size))
    return found


def page_of(connection: Connection, job: JobId, after: str) -> list[FileRecord]:
    """Return up to `MANY` files of ``job`` by name, those behind the name ``after``."""
    return [_record(each) for each in _PAGE.all(connection, {"job": job, "after": after})]


def pages_of(database: Database, job: JobId) -> Iterator[Sequence[FileRecord]]:
    """Yield the files of ``job`` by name, page by page, each read when it is asked for."""
    last = ""
    while page := database.read(partial(page_of, job=job, after=last)):
        yield page
        if len(page) < MANY:
            return
        last = page[-1].name


def file_of(connection: Connection, job: JobId, name: str) -> FileRecord:
    """Return the file ``name`` of ``job``; raises `UnknownItem` that names some that it has."""
    row = _FILE.first(connection, job=job, name=name)
    if row is not None:
        return _record(row)
    there = names_told([_record(each) for each in _FIRST.all(connection, {"job": job})])
    raise UnknownItem(f"job {job} has no file {name!r}; it has: {there}")


def _record(row: Sequence[Any]) -> FileRecord:
    name, sha256, size = row
    return FileRecord(name=name, sha256=sha256, size=size)


def have_many(connection: Connection, ids: Iterable[str]) -> bool:
    """Tell whether the jobs ``ids`` left so many files that no event loop should read them."""
    return len(_SOME.all(connection, ids)) >= MANY


def names_told(files: Sequence[FileRecord]) -> str:
    """Return the names of ``files`` for a message: the first ones of many."""
    told = [readable(file.name) for file in files[:_MOST_TOLD]] or ["none"]
    return ", ".join([*told, *(["…"] if len(files) > len(told) else [])])
