"""Bring a database to the newest schema at start, in one transaction.

A new one is made of the tables as they are declared, to which the migrations lead (the tests
compare them); one of an older park is upgraded by its migrations, with Alembic. Where there is
nothing to upgrade Alembic is not even imported: with its migrations it takes a fifth of a start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, insert, inspect, select

import park_server
from park_server.db.portable_sql import POSTGRESQL_FUNCTIONS
from park_server.db.tables import metadata

__all__ = ["UpgradeFailed", "migrate", "revisions", "schema_of", "upgrade"]

_MIGRATIONS = Path(park_server.__file__).parent / "migrations"
_FILE = re.compile(r"v([0-9]{4})_[a-z_]+\.py")
"""How the files of migrations are called: by their revisions, which count up."""

_version = Table(
    "alembic_version",
    # as Alembic itself makes it
    MetaData(naming_convention={"pk": "%(table_name)s_pkc"}),
    Column("version_num", String(32), primary_key=True),
)


class UpgradeFailed(Exception):
    """The migrations do not lead from the schema of a database to the newest one."""


def migrate(engine: Engine) -> None:
    """Bring the database behind ``engine`` to the newest schema.

    Raises `UpgradeFailed`, and what SQLAlchemy raises.
    """
    with engine.connect() as connection, connection.begin():
        tables = inspect(connection).get_table_names()
        newest = revisions()[0]
        if not tables:
            metadata.create_all(connection)
            _make_functions(connection)
            _version.create(connection)
            connection.execute(insert(_version), {"version_num": newest})
            return
        if _version.name in tables:
            found = connection.execute(select(_version.c.version_num)).scalars().all()
            if found == [newest]:
                return
    upgrade(engine)


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to ``revision`` that the database behind ``engine`` lacks.

    Raises `UpgradeFailed`, and what SQLAlchemy raises.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with engine.connect() as connection, _tables_replaceable(connection), connection.begin():
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise UpgradeFailed(str(error)) from error


def schema_of(connection: Connection) -> str:
    """Return the revision of the schema of a database of park."""
    return str(connection.execute(select(_version.c.version_num)).scalar_one())


def revisions() -> list[str]:
    """Return the revisions of the schema that this park knows, the newest first."""
    named = (_FILE.fullmatch(file.name) for file in (_MIGRATIONS / "versions").iterdir())
    return sorted((name[1] for name in named if name is not None), reverse=True)


def _make_functions(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        for function in POSTGRESQL_FUNCTIONS:
            connection.exec_driver_sql(function)


@contextmanager
def _tables_replaceable(connection: Connection) -> Iterator[None]:
    """Let a table be made anew that others refer to: to drop it would be to break their keys.

    See <https://www.sqlite.org/lang_altertable.html#otheralter>. SQLite takes the setting
    outside of transactions only.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.cursor()
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
