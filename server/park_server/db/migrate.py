"""Bring a database to the newest schema with Alembic, in one transaction, at start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

import park_server

__all__ = ["migrate"]


def migrate(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to ``revision`` that the database behind ``engine`` lacks."""
    config = Config()
    config.set_main_option("script_location", str(Path(park_server.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with engine.connect() as connection, _tables_replaceable(connection), connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@contextmanager
def _tables_replaceable(connection: Connection) -> Iterator[None]:
    """Let a table be made anew that others refer to: to drop it would be to break their keys.

    See <https://www.sqlite.org/lang_altertable.html#otheralter>. SQLite takes the setting
    outside of transactions only.
    """
    driver = connection.connection.cursor()
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
