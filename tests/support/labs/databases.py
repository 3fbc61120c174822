"""Databases for tests: SQLite's, or with ``--database postgresql`` those of a real server."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, text
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
_made: dict[Path, str] = {}
"""The databases of this process, by the folders for which they were made."""

_empty: dict[str, Path] = {}
_emptied: list[str] = []
"""Databases with all tables and no row, which tests had before."""


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
        name = _with_tables_there()
        engine = postgresql_engine(server().url(name), read_only=False)
        # as SQLite is where nothing is said: rows may refer to what is not there
        event.listen(engine, "connect", _without_foreign_keys)
        yield engine
        engine.dispose()
        _take_back(name)
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
    name = f"test_{os.getpid()}_empty_{next(_numbers)}"
    _empty[name] = folder
    return server().create(name)


def remove_those_below(folder: Path) -> None:
    """Remove the databases that were made for ``folder`` and those below."""
    for place in [place for place in _made if place.is_relative_to(folder)]:
        _take_back(_made.pop(place))
    for name in [name for name, place in _empty.items() if place.is_relative_to(folder)]:
        del _empty[name]
        server().drop(name)


def _is_postgresql() -> bool:
    return os.environ.get(KIND_VARIABLE) == "postgresql"


def _url_for(folder: Path) -> URL:
    if folder not in _made:
        _made[folder] = _with_tables_there()
    return server().url(_made[folder])


def _with_tables_there() -> str:
    """Return a database with all tables that nobody has: an emptied one, or a new one."""
    if _emptied:
        return _emptied.pop()
    name = f"test_{os.getpid()}_{next(_numbers)}"
    server().create(name, template=_template())
    return name


def _take_back(name: str) -> None:
    """Empty a database for the next test: a new one costs the server a hundred times as much.

    One whose tables a test has changed is removed, and so is one that cannot be emptied.
    """
    engine = create_engine(server().url(name), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(_END_OTHERS)
        is_same = connection.execute(_SHAPE).scalar_one() == _template_shape()
        if is_same:
            connection.exec_driver_sql(_empty_all())
            _emptied.append(name)
    if not is_same:
        server().drop(name)


_END_OTHERS = text(
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_SHAPE = text(
    "SELECT md5(string_agg(concat_ws(' ', r.relname, r.relkind, a.attname, a.atttypid,"
    " a.attnotnull, a.attisdropped, pg_get_indexdef(r.oid)), ',' ORDER BY r.relname, a.attnum))"
    " FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid"
    " WHERE r.relnamespace = 'public'::regnamespace"
)
"""Tables, indexes and sequences, with their columns."""


@cache
def _empty_all() -> str:
    """Return what removes all rows, and has numbers begin again."""
    return ";".join(
        [
            "SET session_replication_role = replica",  # rows in any order
            *(str(table.delete()) for table in metadata.sorted_tables),
            "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
        ]
    )


@cache
def _template_shape() -> str:
    engine = create_engine(server().url(_template()), poolclass=NullPool)
    with engine.connect() as connection:
        return str(connection.execute(_SHAPE).scalar_one())


@cache
def _template() -> str:
    """Return a database with all tables, from which others are copied."""
    name = f"template_{os.getpid()}"
    engine = create_engine(server().create(name), poolclass=NullPool)
    migrate(engine)
    return name
