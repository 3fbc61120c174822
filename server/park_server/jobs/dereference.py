"""What jobs left, put in the place of the references to it: done when a job starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, select

from park.errors import CannotSatisfy, UnknownItem
from park.model.conditions import brief
from park.model.file_names import in_url
from park.model.ids import JobId
from park.model.references import NODE, Reference, What, references_in
from park.runtime.codec import TAG
from park.wire import API, FileRecord
from park_server.db.little_json import little, read_little
from park_server.db.prepared import PreparedOfMany
from park_server.db.tables import calls, jobs, results
from park_server.jobs import job_rows
from park_server.jobs.conditions import need_rows
from park_server.jobs.left import file_rows
from park_server.json_pieces import LARGE_BYTES

__all__ = [
    "FILE_URL",
    "OUTPUT",
    "file_meant",
    "file_of_reference",
    "little_values",
    "output_of",
    "replaced",
    "resolved",
]

FILE_URL = "file-url"
"""What is staged for the URL of a file elsewhere: its text, and what is in the file."""

OUTPUT = "outfile"
"""The argument whose file on the service is collected as one of the job's own."""


_LITTLE = PreparedOfMany(
    lambda ids: (
        select(jobs.c.id, jobs.c.user, little(results.c.document))
        .outerjoin(results, results.c.job == jobs.c.id)
        .where(jobs.c.id.in_(ids))
    )
)

Values = Mapping[str, tuple[str, Any]]
"""What jobs returned, by their ids, each with whose job it is."""


def little_values(connection: Connection, document: Any) -> Values | None:
    """Return the values that encoded arguments refer to, where an event loop may read that.

    None for what is much, for files of jobs that left many, and for what is brought from elsewhere:
    how much that is, is not known by keys alone.
    """
    meant = list(references_in(document))
    if any(reference.service is not None for reference in meant):
        return None
    with_files = {each.job for each in meant if each.what in {What.FILE, What.URL}}
    if file_rows.have_many(connection, with_files):
        return None
    needed = {reference.job for reference in meant if reference.what is What.VALUE}
    left, values = LARGE_BYTES, {}
    for job, user, stored in _LITTLE.all(connection, needed):
        if (read := read_little(connection, results.c.document, stored, left)) is None:
            return None
        values[job], left = (user, read[0]), left - read[1]
    return values


def resolved(
    connection: Connection,
    job: JobId,
    user: str,
    document: Any,
    base_url: str,
    *,
    known: Values = MappingProxyType({}),
) -> Any:
    """Return encoded arguments of ``job`` with what its references stand for.

    ``base_url`` is the URL of this service; what is ``known`` is not read again. Raises
    `UnknownItem` or `CannotSatisfy` where what a job left is not what is referred to.
    """

    @cache
    def staged() -> Mapping[str, Any]:
        return need_rows.staged_for(connection, job)

    @cache
    def files_of(job: JobId) -> Sequence[FileRecord]:
        return file_rows.files_of(connection, [job]).get(job, [])

    def stand_in(reference: Reference) -> Any:
        if reference.service is not None:
            try:
                brought = staged()[reference.key]
            except KeyError:
                raise UnknownItem(f"{reference} was not brought here") from None
            is_url = isinstance(brought, dict) and brought.get(TAG) == FILE_URL
            return brought["url"] if is_url else brought
        return _here(connection, user, reference, base_url, known, files_of=files_of)

    return replaced(document, stand_in)


def replaced(document: Any, stand_in: Callable[[Reference], Any]) -> Any:
    """Return ``document`` with each reference as ``stand_in`` says."""
    if isinstance(document, list):
        return [replaced(item, stand_in) for item in document]
    if not isinstance(document, dict):
        return document
    if document.get(TAG) == NODE:
        return stand_in(Reference.from_json(document))
    return {key: replaced(item, stand_in) for key, item in document.items()}


def output_of(call: Mapping[str, Any]) -> str | None:
    """Return the name of the file on the service that ``call`` writes, where it says so.

    What may be below a root is none: roots are only read.
    """
    node = (call.get("kwargs") or {}).get(OUTPUT)
    if isinstance(node, dict) and node.get(TAG) == "service-file" and not node.get("or_text"):
        return str(node["path"])
    return None


def file_meant(
    job: str, files: Sequence[FileRecord], name: str | None, *hints: str | None
) -> FileRecord:
    """Return the file of ``job`` called ``name``; without a name, the one that is meant.

    That is its only one; else the first that ``hints`` name: its output, what it returned.
    Raises `UnknownItem` that lists them.
    """
    there = file_rows.names_told(files)
    if name is not None:
        found = [file for file in files if name in {file.name, PurePosixPath(file.name).name}]
        exact = [file for file in found if file.name == name] or found
        if len(exact) == 1:
            return exact[0]
        raise UnknownItem(f"job {brief(job)} left no file {name!r}; it left: {there}")
    if len(files) == 1:
        return files[0]
    for hint in hints:
        base = None if hint is None else PurePosixPath(hint).name
        for file in files:
            if hint is not None and file.name == hint:
                return file
        named = [file for file in files if PurePosixPath(file.name).name == base]
        if len(named) == 1:
            return named[0]
    hint_line = 'say which: job.files["NAME"]' if files else "a job's files are in its directory"
    raise UnknownItem(
        f"job {brief(job)} left {len(files) or 'no'} files: {there}"
        if files
        else f"job {brief(job)} left no file",
        hint=hint_line,
    )


def _here(
    connection: Connection,
    user: str,
    reference: Reference,
    base_url: str,
    known: Values,
    *,
    files_of: Callable[[JobId], Sequence[FileRecord]],
) -> Any:
    job = JobId(reference.job)
    owner, value = known.get(job, (None, None))
    if owner != user:
        job_rows.status_of(connection, job, user)  # raises where it is not the user's
    if reference.what is What.VALUE:
        document = value if owner == user else job_rows.result_of(connection, job)
        if not reference.path:
            return document
        steps = [list(step) for step in reference.path]
        return {TAG: "selected", "value": document, "path": steps}
    file = file_of_reference(connection, reference, files_of(job))
    if reference.what is What.URL:
        return f"{base_url}{API}/jobs/{job}/files/{in_url(file.name)}"
    if reference.what is What.FILE:
        return {TAG: "file", "sha256": file.sha256, "name": PurePosixPath(file.name).name}
    raise CannotSatisfy(f"{reference}: that is no argument")


def file_of_reference(
    connection: Connection, reference: Reference, files: Sequence[FileRecord]
) -> FileRecord:
    """Return the one of ``files``, all that its job left, that ``reference`` means.

    Raises `UnknownItem`.
    """
    job = JobId(reference.job)
    if reference.name is not None or len(files) == 1:
        return file_meant(job, files, reference.name)
    query = select(calls.c.document).where(calls.c.job == job)
    output = output_of(connection.execute(query).scalar_one())
    return file_meant(job, files, None, output, _text(job_rows.result_of(connection, job)))


def _text(value: Any) -> str | None:
    """Return the path that a job returned, where it returned one."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value.get(TAG) in {"path", "service-file"}:
        return str(value.get("value", value.get("path")))
    return None
