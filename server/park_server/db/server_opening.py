"""Open the database of a home that a PostgreSQL server keeps, or say why it is not opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from park.errors import CannotSatisfy, ParkError
from park_repo.database import Database
from park_server.db.address import shown
from park_server.db.migrate import UpgradeFailed, migrate, revisions
from park_server.db.opening import count_in
from park_server.db.tables import jobs

__all__ = ["opened_at"]

_OLDEST = 130_000
"""PostgreSQL 13 was the first to tell of a transaction whether it was committed, by 64 bits."""

_RESTORE = "restore the newest backup: park admin restore"


def opened_at(url: URL, beside: Mapping[str, Path], *, instead_of: Path) -> Database:
    """Return the database at ``url``, its tables made where it is empty, its schema the newest.

    ``beside`` are folders of the home that only fill up while there is a database, by what is
    in them; ``instead_of`` is where the home's own database would be. Raises `CannotSatisfy`
    where it cannot be reached, is not park's, of a newer park, or not that of this home, and
    `Conflict` where another service writes to it.
    """
    if instead_of.exists() and instead_of.stat().st_size:
        raise CannotSatisfy(
            f"the home has a database of its own, {instead_of}, besides {shown(url)}",
            hint="serve it without --database and without a file `database` in the home, and stop"
            " it again; then `park admin move --to URL` moves it. Where that was cut off, and all"
            " of it is there, move the file aside",
        )
    database = Database.postgresql(url)
    try:
        _brought_up_to_date(database, url, beside)
    except BaseException:
        database.close()
        raise
    return database


def _brought_up_to_date(database: Database, url: URL, beside: Mapping[str, Path]) -> None:
    try:
        with database.engine.connect() as connection, connection.begin():
            _require_able(connection, url)
            _require_known(connection, url, beside)
        database.write(lambda _: None).result()  # from now on nobody else writes
        migrate(database.engine)
    except DBAPIError as error:
        line = " ".join(str(error.orig).split())
        raise CannotSatisfy(
            f"the database {shown(url)} cannot be opened: {line}",
            hint="is the server up, and is the password in ~/.pgpass, PGPASSWORD or the file of"
            " --database-password?",
        ) from error
    except (SQLAlchemyError, UpgradeFailed) as error:
        raise CannotSatisfy(
            f"the schema of the database {shown(url)} cannot be brought up to date: {error}",
            hint=f"{_RESTORE}; this one is as it was",
        ) from error


def _require_able(connection: Connection, url: URL) -> None:
    version, encoding = (
        connection.execute(text(f"SHOW {name}")).scalar_one()
        for name in ("server_version_num", "server_encoding")
    )
    if int(version) < _OLDEST:
        raise CannotSatisfy(f"{shown(url)} is older than PostgreSQL 13, which park needs")
    if encoding != "UTF8":
        raise CannotSatisfy(
            f"the database {shown(url)} keeps text as {encoding}, which has not all of it",
            hint="make another one: createdb --encoding=UTF8 --template=template0 NAME",
        )


def _require_known(connection: Connection, url: URL, beside: Mapping[str, Path]) -> None:
    """Raise `CannotSatisfy` where this is no database of park, or not that of this home."""
    tables = inspect(connection).get_table_names()
    there = count_in(beside)
    if not tables:
        if there:
            raise _not_of_home(url, f"is empty, but the home has {' and '.join(there)}")
        return
    if "alembic_version" not in tables:
        raise CannotSatisfy(
            f"the database {shown(url)} has tables, but not those of a park service",
            hint="give the service a database of its own: createdb NAME",
        )
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    known = revisions()
    if found not in known:
        raise CannotSatisfy(
            f"the database {shown(url)} has the schema {found}, of a newer park; this one knows"
            f" the schemas up to {known[0]}",
            hint="serve it with the newer park, or with a backup from before its upgrade",
        )
    if not there and connection.execute(select(jobs.c.id).limit(1)).first() is not None:
        raise _not_of_home(url, "has jobs, of which the home knows nothing")


def _not_of_home(url: URL, why: str) -> ParkError:
    return CannotSatisfy(
        f"the database {shown(url)} {why}",
        hint=f"name the home that it belongs to with --home, or {_RESTORE}",
    )
