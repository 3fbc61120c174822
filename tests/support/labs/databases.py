"""Databases for tests: SQLite's, or with ``--database postgresql`` those of a real server."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, StaticPool
from support.neighbours.postgresql import server

from park_repo.database import Database
from park_repo.sql.postgresql_engine import postgresql_engine
from park_server.db.migrate import migrate
from park_server.db.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL

__all__ = ["KIND_VARIABLE", "database_at", "empty_url", "engine_with_tables", "remove_those_below"]

KIND_VARIABLE = "PARK_TEST_DATABASE"
"""Says what tests of databases run on: sqlite or postgresql."""

_numbers = count()
_made: dict[str, Path] = {}
"""The databases of this process, by the folders for which they were made."""


def database_at(folder: Path, kind: type[Database] = Database) -> Database:
    """Open the database of ``folder``, made with all tables where it is new.

    The same one again for the same folder: a service that was restarted.
    """
    if not _is_postgresql():
        path = folder / "park.sqlite"
        if not path.exists():
            content = _with_tables()
            # as a file that was opened before: two connections that both turn to WAL now, each
            # find it locked (https://www.sqlite.org/fileformat.html, offsets 18 and 19)
            path.write_bytes(content[:18] + b"\x02\x02" + content[20:])
        return kind.sqlite(path)
    return kind.postgresql(_url_for(folder))


@contextmanager
def engine_with_tables() -> Iterator[Engine]:
    """Give an engine on a new database with all tables, in memory where that is possible."""
    if _is_postgresql():
        name = f"test_{os.getpid()}_memory_{next(_numbers)}"
        engine = postgresql_engine(server().create(name, template=_template()), read_only=False)
        # as SQLite is where nothing is said: rows may refer to what is not there
        event.listen(engine, "connect", _without_foreign_keys)
        yield engine
        engine.dispose()
        server().drop(name)
    else:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        with engine.connect() as connection:
            _driver(connection).deserialize(_with_tables())
        yield engine
        engine.dispose()


@cache
def _with_tables() -> bytes:
    """Return what is in the file of a database of SQLite that has all tables, and nothing else."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    with engine.connect() as connection:
        content = _driver(connection).serialize()
    engine.dispose()
    return content


def _driver(connection: Connection) -> sqlite3.Connection:
    found = connection.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found


def _without_foreign_keys(connection: Any, _record: object) -> None:
    connection.execute("SET session_replication_role = replica")
    connection.commit()


def empty_url(folder: Path) -> URL:
    """Return where a new database without any table is, which belongs to ``folder``."""
    name = _name_of(folder, "empty")
    _made[name] = folder
    return server().create(name)


def remove_those_below(folder: Path) -> None:
    """Remove the databases that were made for ``folder`` and those below."""
    for name in [name for name, place in _made.items() if place.is_relative_to(folder)]:
        del _made[name]
        server().drop(name)


def _is_postgresql() -> bool:
    return os.environ.get(KIND_VARIABLE) == "postgresql"


def _url_for(folder: Path) -> URL:
    name = _name_of(folder, "tables")
    if name in _made:
        return server().url(name)
    _made[name] = folder
    return server().create(name, template=_template())


def _name_of(folder: Path, what: str) -> str:
    return f"test_{os.getpid()}_{what}_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"


@cache
def _template() -> str:
    """Return a database with all tables, from which others are copied."""
    name = f"template_{os.getpid()}"
    engine = create_engine(server().create(name), poolclass=NullPool)
    migrate(engine)
    return name
