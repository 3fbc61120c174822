"""The databases of homes, opened to be copied, and new ones that rows are put into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from park.errors import CannotSatisfy, Conflict
from park_repo.database import Database
from park_repo.sql.postgresql_engine import postgresql_engine
from park_repo.sql.sqlite_engine import sqlite_engine
from park_server.db.address import shown
from park_server.db.migrate import revisions, schema_of, upgrade
from park_server.db.portable_rows import Counters, Rows, count_rows, put_counters, put_rows
from park_server.home import Home

__all__ = ["filled", "filled_at", "reading"]


@contextmanager
def reading(home: Home, url: URL | None, *, is_current: bool = True) -> Iterator[Engine]:
    """Open the database of ``home`` for reads.

    Raises `CannotSatisfy` where it is not there, is not park's, or of a newer schema; of an older
    one as well where it must be ``is_current``.
    """
    if url is None:
        if not home.database.is_file():
            raise CannotSatisfy(
                f"{home.path} is no home of a service: there is no {home.database.name} in it",
                hint="name it with --home; where its state is in PostgreSQL, with --database",
            )
        engine = sqlite_engine(home.database, read_only=True)
    else:
        engine = postgresql_engine(url, read_only=True)
    try:
        with _told_of(url):
            with engine.connect() as connection, connection.begin():
                _require_known(connection, is_current=is_current)
            yield engine
    finally:
        engine.dispose()


def filled(path: Path, schema: str, counters: Counters, tables: Iterator[Rows]) -> None:
    """Make a SQLite file of ``schema`` at ``path`` with the rows of ``tables``."""
    path.touch(mode=0o600)
    engine = sqlite_engine(path, read_only=False)
    try:
        upgrade(engine, schema)
        with engine.connect() as connection, connection.begin():
            _fill(connection, counters, tables)
    finally:
        engine.dispose()


def filled_at(url: URL, schema: str, counters: Counters, tables: Iterator[Rows]) -> None:
    """Put the rows of ``tables`` into the PostgreSQL database ``url``, which has none.

    All or none. Raises `Conflict` where it has some, or a service writes to it.
    """
    database = Database.postgresql(url)
    try:
        with _told_of(url):
            database.write(lambda _: None).result()  # from now on nobody else writes
            with database.engine.connect() as connection, connection.begin():
                _require_empty(connection, url, schema)
            upgrade(database.engine, schema)
            with database.engine.connect() as connection, connection.begin():
                _fill(connection, counters, tables)
    finally:
        database.close()


def _fill(connection: Connection, counters: Counters, tables: Iterator[Rows]) -> None:
    put = {given.table: put_rows(connection, given) for given in tables}
    put_counters(connection, counters)
    found = count_rows(connection)
    if {name: found.get(name, 0) for name in put} != put:
        raise CannotSatisfy("the database does not have the rows that were written; none is kept")


def _require_known(connection: Connection, *, is_current: bool) -> None:
    newest = revisions()[0]
    if not inspect(connection).has_table("alembic_version"):
        raise CannotSatisfy(
            "the database is not that of a park service", hint="name its home, or its --database"
        )
    schema = schema_of(connection)
    if schema == newest or (schema in revisions() and not is_current):
        return
    known = schema in revisions()
    raise CannotSatisfy(
        f"the database has the schema {schema}, and this park has {newest}",
        hint="bring it up to date first: park admin migrate; or use the park that serves it"
        if known
        else "use the park that serves it, which is newer",
    )


def _require_empty(connection: Connection, url: URL, schema: str) -> None:
    tables = inspect(connection).get_table_names()
    if not tables:
        return
    ours = "alembic_version" in tables and schema_of(connection) == schema
    if not ours or any(count_rows(connection).values()):
        raise Conflict(
            f"the database {shown(url)} is not empty",
            hint="make a new one: createdb --encoding=UTF8 --template=template0 NAME",
        )


@contextmanager
def _told_of(url: URL | None) -> Iterator[None]:
    """Say of what a server refuses that it is the server."""
    try:
        yield
    except DBAPIError as error:
        where = "the database" if url is None else f"the database {shown(url)}"
        line = " ".join(str(error.orig).split())
        raise CannotSatisfy(
            f"{where} cannot be used: {line}",
            hint="is it there, is it yours, and is the password in ~/.pgpass, PGPASSWORD or the"
            " file of --database-password?",
        ) from error
