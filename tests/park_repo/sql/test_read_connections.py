from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from park_repo.sql.read_connections import Readers
from park_repo.sql.sqlite_engine import sqlite_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Readers]:
    made = Readers(sqlite_engine(tmp_path / "x.sqlite", read_only=True))
    yield made
    made.close()


def driver_of(connection: Connection) -> Any:
    return connection.connection.driver_connection


def test_a_read_takes_the_connection_of_the_one_before(readers: Readers) -> None:
    assert readers.ask(driver_of) is readers.ask(driver_of)


def test_a_read_within_a_read_has_a_connection_of_its_own(readers: Readers) -> None:
    outer, inner = readers.ask(lambda c: (driver_of(c), readers.ask(driver_of)))
    assert outer is not inner


def test_a_query_that_raises_leaves_its_connection_fit_for_the_next(readers: Readers) -> None:
    used: list[Any] = []

    def query(connection: Connection) -> None:
        used.append(driver_of(connection))
        raise KeyError("none")

    with pytest.raises(KeyError):
        readers.ask(query)
    assert readers.ask(driver_of) is used[0]
    assert not used[0].in_transaction


def test_a_connection_of_which_the_driver_complains_is_closed(readers: Readers) -> None:
    used: list[Any] = []

    def query(connection: Connection) -> None:
        used.append(driver_of(connection))
        connection.execute(text("SELECT * FROM nowhere"))

    with pytest.raises(DBAPIError, match="no such table"):
        readers.ask(query)
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        used[0].execute("SELECT 1")


def test_what_is_idle_is_closed_with_all(readers: Readers) -> None:
    used = readers.ask(driver_of)
    readers.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        used.execute("SELECT 1")
