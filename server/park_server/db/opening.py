"""Open the database of a home, or say why it is not opened and what to do: nothing is touched.

A service that goes on without its database, with one of another day, or with one that is
damaged, would take what it does not know for leftovers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from park.errors import CannotSatisfy
from park_repo.database import Database
from park_repo.integrity import CHECK_S, damage_of, is_damage
from park_server.db.migrate import UpgradeFailed, migrate, revisions

__all__ = ["count_in", "opened"]

_RESTORE = "restore the newest backup to a new home: park admin restore"

_OPENED_SO = (
    "its operator must be able to read and write it, its disk must have room for files beside it"
    " (df, df -i), and nobody else may hold it"
)


def opened(
    path: Path, beside: Mapping[str, Path], damage: Callable[[], str | None] | None = None
) -> Database:
    """Return the database at ``path``, made where the home is new, its schema the newest.

    ``beside`` are folders of the home that only fill up while there is a database, by what
    is in them. ``damage`` returns what is wrong with the file, where somebody has looked already.
    Raises `CannotSatisfy` where it is missing, damaged, not park's, or of a newer park.
    """
    if path.exists() and not path.is_file():
        raise CannotSatisfy(
            f"{path} is no file, and the database should be there",
            hint=f"move it aside, and {_RESTORE}",
        )
    if not path.exists() or path.stat().st_size == 0:
        _require_new(path, beside)
        path.touch(mode=0o600)  # SQLite gives the files beside it the same mode
    else:
        _require_whole(path, damage_of(path, limit_s=CHECK_S) if damage is None else damage())
        _require_known(path)
        _require_writable(path)
    database = Database.sqlite(path)
    try:
        migrate(database.engine)
    except (SQLAlchemyError, UpgradeFailed) as error:
        database.close()
        said = getattr(error, "orig", error)  # without the statement, which may be a page long
        raise CannotSatisfy(
            f"the schema of the database {path} cannot be brought up to date: {said}",
            hint=f"{_RESTORE}; this one is as it was",
        ) from error
    return database


def _require_new(path: Path, beside: Mapping[str, Path]) -> None:
    """Raise `CannotSatisfy` where a database must have been here."""
    there = count_in(beside)
    if there:
        raise CannotSatisfy(
            f"the database {path} is {'empty' if path.exists() else 'missing'}, but the home"
            f" has {' and '.join(there)}",
            hint=f"{_RESTORE}; to begin anew, choose another folder with --home",
        )


def count_in(beside: Mapping[str, Path]) -> list[str]:
    """Say how much of each kind there is in the folders ``beside``, where there is any."""
    counted = {what: _count(folder) for what, folder in beside.items()}
    one = {what: what.replace("folders", "folder", 1) for what in counted}
    return [
        f"{count:,} {one[what] if count == 1 else what}" for what, count in counted.items() if count
    ]


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


def _require_whole(path: Path, damage: str | None) -> None:
    if damage is not None:
        raise CannotSatisfy(
            f"the database {path} is damaged: {damage}", hint=f"move it aside, and {_RESTORE}"
        )


def _require_known(path: Path) -> None:
    """Raise `CannotSatisfy` where the schema is no revision that this park knows."""
    revision = _revision(path)
    if revision is None:
        raise CannotSatisfy(
            f"{path} is a database, but not of a park service",
            hint=f"move it aside, and {_RESTORE}",
        )
    known = revisions()
    if revision not in known:
        raise CannotSatisfy(
            f"the database {path} has the schema {revision}, of a newer park; this one knows the"
            f" schemas up to {known[0]}",
            hint="serve this home with the newer park, or with a backup from before its upgrade",
        )


def _require_writable(path: Path) -> None:
    """Raise `CannotSatisfy` where nothing can be written: a start tells more than the first job."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            # a lock alone is given for a file that cannot be written to as well
            connection.execute("CREATE TABLE trial (number INTEGER)")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        raise CannotSatisfy(
            f"the database {path} cannot be written to: {error}", hint=_OPENED_SO
        ) from error


def _revision(path: Path) -> str | None:
    """Return the revision that the schema of the database has; None where it says none."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # no such table
            return None
        raise CannotSatisfy(
            f"the database {path} cannot be opened: {error}",
            hint=_OPENED_SO,
        ) from error
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return None
        raise
    return None if row is None else str(row[0])
