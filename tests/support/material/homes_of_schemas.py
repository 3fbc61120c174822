"""A database of each schema in which something happened, as `scripts/record_home.py` wrote it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

__all__ = ["SCHEMAS", "home_of", "restored"]

_FOLDER = Path(__file__).parents[2] / "homes"
SCHEMAS = sorted(path.stem for path in _FOLDER.glob("*.json"))


def home_of(schema: str) -> dict[str, Any]:
    """Return the record of ``schema``: its ``statements``, and what was said of its ``jobs``."""
    record: dict[str, Any] = json.loads((_FOLDER / f"{schema}.json").read_text("utf-8"))
    return record


def restored(schema: str, path: Path) -> Path:
    """Make the database of ``schema`` at ``path``, and return that."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in home_of(schema)["statements"]:
            # AUTOINCREMENT's table is there as soon as it is wanted
            connection.execute(statement)
    return path
