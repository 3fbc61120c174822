"""Folders of jobs that are there no longer, and logs that went: a crash may leave them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, select

from park.model.ids import JobId
from park_repo.database import Database
from park_server.db.blocks import in_blocks
from park_server.db.tables import jobs
from park_server.jobs.folder import JobFolders

__all__ = ["sweep_folders"]


def sweep_folders(database: Database, folders: JobFolders, *, logs: bool) -> None:
    """Remove what a removal has left that was interrupted, also of ``logs``. Not for an event loop.

    A folder is made once its job is committed, so one without a row is nobody's.
    """
    for block in in_blocks(folders.names()):
        known = database.read(partial(_known, ids=block))
        for name in block:
            if name not in known:
                folders.remove_now(JobId(name))
            elif logs and known[name] is not None:
                folders.remove_logs(JobId(name))


def _known(connection: Connection, ids: Sequence[str]) -> dict[str, str | None]:
    """Return the jobs among ``ids``, with when their logs went."""
    query = select(jobs.c.id, jobs.c.logs_removed).where(jobs.c.id.in_(ids))
    return {job: removed for job, removed in connection.execute(query)}  # noqa: C416 (rows)
