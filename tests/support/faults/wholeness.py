"""Is a service's home whole: nothing half-made, and no row without its file or the reverse."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["assert_whole", "held_database"]


def assert_whole(home: Path) -> None:
    """Fail where ``home``, whose service is at rest, has anything half-made in it."""
    assert leftovers(home) == []
    with closing(sqlite3.connect(home / "park.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        indexed = database.execute("SELECT sha256, filename FROM index_files").fetchall()
        environments = database.execute("SELECT lock_hash FROM environments").fetchall()
    files = {path.relative_to(home / "index/files") for path in home.glob("index/files/*/*/*.whl")}
    assert {(path.parts[1], path.parts[2]) for path in files} == set(indexed)
    on_disk = {path.name for path in home.glob("envs/v1/*")}
    assert {name for name in on_disk if name[0] != "."} == {row[0] for row in environments}


def leftovers(home: Path) -> list[Path]:
    """Return what is in ``home`` under a temporary name, outside the work of jobs."""
    marks = (".building-", ".quarantine-", ".part", ".unfinished")
    return [
        path
        for path in home.rglob("*")
        if any(mark in path.name for mark in marks)
        and not path.is_relative_to(home / "jobs")
        and not path.is_relative_to(home / "cache" / "resolver")  # the resolver's own business
    ]


@contextmanager
def held_database(home: Path) -> Iterator[None]:
    """Keep a service from committing anything, as a backup or a full disk would."""
    with closing(sqlite3.connect(home / "park.sqlite", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")
