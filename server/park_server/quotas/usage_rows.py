"""How much of the disk is a user's, as the database knows it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, String, cast, func, select

from park.model.ids import JobId
from park.model.states import JobState
from park_repo.tables import files as index_files
from park_server.db.tables import content_holders, job_files, jobs, results

__all__ = ["bytes_of", "unfinished"]


def bytes_of(
    connection: Connection, user: str, size_of: Callable[[str], int | None]
) -> dict[str, int]:
    """Return the bytes that are kept for ``user``, by what they are.

    ``files`` are those by content: what he sent and what his jobs left, each once, whoever else
    has it; ``size_of`` tells how large one is, None of one that is not there. ``results`` are
    what his jobs returned, ``index`` what he uploaded to the index.
    """
    of_user = jobs.c.user == user
    left = select(job_files.c.sha256, job_files.c.size).join(jobs, jobs.c.id == job_files.c.job)
    sizes = {row.sha256: row.size for row in connection.execute(left.where(of_user).distinct())}
    sent = select(content_holders.c.sha256).where(content_holders.c.user == user)
    for sha256 in connection.execute(sent).scalars():
        if sha256 not in sizes:
            sizes[sha256] = size_of(sha256) or 0
    returned = select(func.sum(func.length(cast(results.c.document, String))))
    returned = returned.join(jobs, jobs.c.id == results.c.job).where(of_user)
    uploaded = select(func.sum(index_files.c.size)).where(index_files.c.uploaded_by == user)
    return {
        "files": sum(sizes.values()),
        "results": connection.execute(returned).scalar() or 0,
        "index": connection.execute(uploaded).scalar() or 0,
    }


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
