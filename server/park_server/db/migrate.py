"""Bring a database to the newest schema with Alembic, in one transaction, at start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

import park_server

__all__ = ["migrate", "revisions"]


def migrate(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to ``revision`` that the database behind ``engine`` lacks."""
    config = _config()
    with engine.connect() as connection, _tables_replaceable(connection), connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def revisions() -> list[str]:
    """Return the revisions of the schema that this park knows, the newest first."""
    return [each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(park_server.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


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
