"""How much of the disk is a user's, as the database knows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, func, select

from park.model.ids import JobId
from park.model.states import JobState
from park_repo.tables import files as index_files
from park_server.db.tables import (
    calls,
    content_holders,
    grants,
    installs,
    job_files,
    jobs,
    results,
)

__all__ = ["bytes_of", "unfinished"]


def bytes_of(
    connection: Connection, user: str, size_of: Callable[[str], int | None]
) -> dict[str, int]:
    """Return the bytes that are kept for ``user``, by what they are.

    ``files`` are those by content: what he sent and what his jobs left, each once, whoever else
    has it; ``size_of`` tells how large one is, None of one that is not there. Each takes whole
    blocks of the disk, also an empty one. ``results`` are what his jobs returned, ``index`` what
    he uploaded to the index, ``requests`` what his jobs, installs and grants say.
    """
    of_user = jobs.c.user == user
    left = select(job_files.c.sha256, job_files.c.size).join(jobs, jobs.c.id == job_files.c.job)
    sizes = {row.sha256: row.size for row in connection.execute(left.where(of_user).distinct())}
    sent = select(content_holders.c.sha256).where(content_holders.c.user == user)
    for sha256 in connection.execute(sent).scalars():
        if sha256 not in sizes and (size := size_of(sha256)) is not None:
            sizes[sha256] = size
    of_jobs = {
        table: select(_length(table.c.document)).join(jobs, jobs.c.id == table.c.job).where(of_user)
        for table in (results, calls)
    }
    uploaded = select(func.sum(index_files.c.size)).where(index_files.c.uploaded_by == user)
    return {
        "files": sum(map(_on_disk, sizes.values())),
        "results": connection.execute(of_jobs[results]).scalar() or 0,
        "index": connection.execute(uploaded).scalar() or 0,
        "requests": sum(
            connection.execute(query).scalar() or 0
            for query in (
                of_jobs[calls],
                select(_length(jobs.c.condition)).where(of_user),
                select(_length(installs.c.request)).where(installs.c.user == user),
                *(select(_length(grants.c[name])).where(grants.c.user == user) for name in _OPENS),
            )
        ),
    }


_OPENS = ("jobs", "files", "stops")
_BLOCK = 4096
"""Bytes of the disk that usual file systems give at a time."""


def _on_disk(size: int) -> int:
    """Return what a file of ``size`` bytes takes.

    >>> _on_disk(0), _on_disk(1), _on_disk(4096), _on_disk(4097)
    (4096, 4096, 4096, 8192)
    """
    return max(1, -(-size // _BLOCK)) * _BLOCK


def _length(document: ColumnElement[Any]) -> ColumnElement[int]:
    return func.sum(func.length(cast(document, String)))


_UNFINISHED = [state for state in JobState if not state.is_final]


def unfinished(connection: Connection) -> dict[str, list[JobId]]:
    """Return the jobs of each user that have not ended.

    The database puts the ids of a user together: row by row, a hundred thousand take a start
    four times as long.
    """
    ids = func.aggregate_strings(jobs.c.id, ",")
    query = select(jobs.c.user, ids).where(jobs.c.status.in_(_UNFINISHED)).group_by(jobs.c.user)
    found = connection.execute(query)
    return {user: [JobId(job) for job in together.split(",")] for user, together in found}
