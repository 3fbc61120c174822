"""Bring a database to the newest schema with Alembic, in one transaction, at start."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

import park_server

__all__ = ["migrate"]


def migrate(engine: Engine) -> None:
    """Run the migrations that the database behind ``engine`` does not have yet."""
    config = Config()
    config.set_main_option("script_location", str(Path(park_server.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
