"""Reads on one snapshot: whoever's statements they are, and whatever becomes of the query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from park_repo.database import Database
from park_repo.sql.snapshots import of_one_snapshot
from park_repo.sql.sqlite_engine import sqlite_engine
from park_repo.sql.told import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection


def by_driver(connection: Connection) -> int:
    return int(told(connection, "SELECT count(*) FROM t").fetchone()[0])


def by_sqlalchemy(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database.sqlite(tmp_path / "x.sqlite")
    made.write(lambda c: told(c, "CREATE TABLE t (id INTEGER)")).result()
    yield made
    made.close()


@pytest.fixture
def connection(
    database: Database,  # noqa: ARG001 (its table)
    tmp_path: Path,
) -> Iterator[Connection]:
    engine = sqlite_engine(tmp_path / "x.sqlite", read_only=True)
    with engine.connect() as made:
        yield made
    engine.dispose()


def is_in_transaction(connection: Connection) -> bool:
    driver = connection.connection.driver_connection
    return connection.in_transaction() or bool(driver is not None and driver.in_transaction)


@pytest.mark.parametrize("first", [by_driver, by_sqlalchemy])
@pytest.mark.parametrize("then", [by_driver, by_sqlalchemy])
def test_all_statements_of_a_query_see_one_moment(
    database: Database,
    connection: Connection,
    first: Callable[[Connection], int],
    then: Callable[[Connection], int],
) -> None:
    def query(c: Connection) -> tuple[int, int]:
        before = first(c)
        database.write(lambda w: told(w, "INSERT INTO t VALUES (1)")).result()
        return before, then(c)

    for seen in range(2):
        assert of_one_snapshot(connection, query) == (seen, seen)
        assert not is_in_transaction(connection)


@pytest.mark.parametrize("asked", [by_driver, by_sqlalchemy])
def test_a_query_that_raises_leaves_no_transaction(
    connection: Connection, asked: Callable[[Connection], int]
) -> None:
    def query(c: Connection) -> None:
        asked(c)
        raise KeyError("none")

    with pytest.raises(KeyError):
        of_one_snapshot(connection, query)
    assert not is_in_transaction(connection)
    assert of_one_snapshot(connection, asked) == 0


def test_sqlalchemy_makes_no_transaction_that_nobody_needs(connection: Connection) -> None:
    assert of_one_snapshot(connection, lambda c: (by_driver(c), c.in_transaction())) == (0, False)


def test_a_change_in_a_read_raises_and_one_that_the_driver_undid_is_no_fault(
    connection: Connection,
) -> None:
    with pytest.raises(DBAPIError, match="readonly"):
        of_one_snapshot(connection, lambda c: told(c, "INSERT INTO t VALUES (1)"))
    assert of_one_snapshot(connection, lambda c: told(c, "ROLLBACK") and None) is None
    assert not is_in_transaction(connection)
