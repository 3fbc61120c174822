"""Folders of jobs that the database does not have, and logs that went.

A removal takes the record first, and says so in the log of events: a folder whose removal a crash
interrupted is waste. One of which the database knows nothing at all is of another day than it, or
of another home: it is put aside, and told.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, select

from park.model.ids import JobId
from park_repo.database import Database
from park_server.db.blocks import in_blocks
from park_server.db.event_kinds import REMOVED
from park_server.db.tables import events, jobs
from park_server.jobs.folder import JobFolders

__all__ = ["UNKNOWN", "are_aside", "place_of", "sweep_folders", "unknown_folders"]

_log = logging.getLogger(__name__)

UNKNOWN = ".unknown"
"""The folder, among those of jobs, of what was put aside."""


def sweep_folders(database: Database, folders: JobFolders, *, logs: bool) -> None:
    """Remove what a removal has left that was interrupted, also of ``logs``; put aside the unknown.

    A folder is made once its job is committed. Not for an event loop.
    """
    aside: list[str] = []
    for block in in_blocks(folders.names()):
        known, removed = database.read(partial(_known, ids=block))
        for name in block:
            if name in removed:
                folders.remove_now(JobId(name))
            elif name not in known:
                _put_aside(folders, name)
                aside.append(name)
            elif logs and known[name] is not None:
                folders.remove_logs(JobId(name))
    if aside:
        _log.warning(
            "the database knows nothing of %d folders of jobs, %s the first: it is older than they"
            " are, or of another home; they are in %s now, and as long as they are, files by"
            " content that nothing refers to stay as well",
            *(len(aside), min(aside), place_of(folders)),
        )


def unknown_folders(database: Database, folders: JobFolders) -> list[str]:
    """Return the folders that `sweep_folders` would put aside; for any thread."""
    found: list[str] = []
    for block in in_blocks(folders.names()):
        known, removed = database.read(partial(_known, ids=block))
        found.extend(name for name in block if name not in known and name not in removed)
    return found


def place_of(folders: JobFolders) -> Path:
    """Return where folders of jobs are put aside."""
    return folders.path_of(JobId(UNKNOWN))


def are_aside(folders: JobFolders) -> bool:
    """Tell whether there are folders of jobs of which the database knew nothing."""
    place = place_of(folders)
    return place.is_dir() and any(place.iterdir())


def _put_aside(folders: JobFolders, name: str) -> None:
    place = place_of(folders)
    place.mkdir(mode=0o700, exist_ok=True)
    folders.path_of(JobId(name)).rename(place / name)


def _known(
    connection: Connection, ids: Sequence[str]
) -> tuple[dict[str, str | None], frozenset[str]]:
    """Return the jobs among ``ids``, with when their logs went, and which others were removed."""
    query = select(jobs.c.id, jobs.c.logs_removed).where(jobs.c.id.in_(ids))
    known = {job: gone for job, gone in connection.execute(query)}  # noqa: C416 (rows)
    others = [name for name in ids if name not in known]
    if not others:
        return known, frozenset()
    # goes through all events, and others there are hardly ever
    removed = select(events.c.id).where(
        events.c.subject == "job", events.c.type == REMOVED, events.c.id.in_(others)
    )
    return known, frozenset(connection.execute(removed).scalars())
