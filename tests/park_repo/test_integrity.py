from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, Connection, MetaData, String, Table, insert, select

from park.errors import ServiceFault
from park_repo.database import Database
from park_repo.integrity import DatabaseFile, damage_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = Table("lines", MetaData(), Column("text", String))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "park.sqlite"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """Give a database of many pages, all of them in the file itself."""
    database = Database.sqlite(path)
    database.write(LINES.metadata.create_all).result()
    database.write(lambda c: add(c, *("x" * 1000 for _ in range(3000)))).result()
    checkpoint(path)
    add_one(database)
    yield database
    database.close()


def add(connection: Connection, *texts: str) -> None:
    connection.execute(insert(LINES), [{"text": text} for text in texts])


def add_one(database: Database) -> None:
    database.write(lambda c: add(c, "one")).result()


def count(connection: Connection) -> int:
    return len(connection.scalars(select(LINES.c.text)).all())


def checkpoint(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def scribble(path: Path, offset: int = 4096 * 100) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * 4096 * 4)


def test_a_whole_one_has_no_damage_and_a_look_ends_in_time(database: Database, path: Path) -> None:
    assert database.read(count) == 3001
    assert damage_of(path) is None
    assert damage_of(path, limit_s=0.0) is None


def test_one_that_is_scribbled_on_acknowledges_nothing_more(
    database: Database, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scribble(path)
    with caplog.at_level(logging.CRITICAL):
        for _ in range(3):
            with pytest.raises(ServiceFault, match="is damaged, and nothing was kept"):
                add_one(database)
    assert caplog.text.count("nothing is acknowledged any more") == 1
    assert "backup" in caplog.text


def test_damage_that_a_read_finds_ends_it_as_well(database: Database, path: Path) -> None:
    scribble(path)
    with pytest.raises(ServiceFault, match="is damaged"):
        database.read(count)
    with pytest.raises(ServiceFault, match="is damaged"):
        add_one(database)


@pytest.mark.parametrize("put_another", [False, True])
def test_one_whose_file_is_gone_or_another_s_acknowledges_nothing_more(
    database: Database, path: Path, *, put_another: bool
) -> None:
    path.rename(path.with_name("moved"))
    if put_another:
        path.write_bytes(path.with_name("moved").read_bytes())
    with pytest.raises(ServiceFault, match="is damaged"):
        add_one(database)


def test_a_whole_file_that_somebody_else_wrote_to_goes_on(database: Database, path: Path) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("INSERT INTO lines VALUES ('from elsewhere')")
    checkpoint(path)
    add_one(database)
    assert database.read(count) == 3003


def test_a_file_as_it_was_left_is_not_read_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"no database")
    file = DatabaseFile(path)
    file.left()
    monkeypatch.setattr("park_repo.integrity.damage_of", lambda _path: "read")
    assert file.fault() is None
    path.write_bytes(b"something else")
    assert file.fault() == "somebody else wrote to its file: read"
