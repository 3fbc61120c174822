"""What goes to PostgreSQL comes back as it was, or is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from support.neighbours.postgresql import server

from park_repo.sql.postgresql_engine import postgresql_engine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    running = server()
    name = "exact_values"
    running.drop(name)
    engine = postgresql_engine(running.create(name), read_only=False)
    with engine.connect() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE kept (value text, count bigint)"))
        yield connection
    engine.dispose()
    running.drop(name)


def sent(connection: Connection, value: str) -> str:
    connection.execute(text("DELETE FROM kept"))
    connection.execute(text("INSERT INTO kept (value) VALUES (:value)"), {"value": value})
    query = text("SELECT value FROM kept WHERE value = :value")
    return str(connection.execute(query, {"value": value}).scalar_one())


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("a NUL \0 here")
@example("\0")
@example("\U0010ffff")
@example("\U0010ffff0 \0 \U0010ffff1\U0010ffff")
def test_any_text_comes_back_and_is_found(connection: Connection, value: str) -> None:
    assert sent(connection, value) == value


def test_texts_that_are_written_alike_are_two(connection: Connection) -> None:
    assert sent(connection, "\0") != sent(connection, "\U0010ffff0")


def test_half_a_pair_is_refused_as_by_sqlite(connection: Connection) -> None:
    with pytest.raises(UnicodeEncodeError):
        sent(connection, "\ud800")


@pytest.mark.parametrize("count", [0, -1, 2**31, 2**63 - 1, -(2**63)])
def test_integers_of_64_bits_come_back(connection: Connection, count: int) -> None:
    query = text("SELECT CAST(:count AS bigint)")
    assert connection.execute(query, {"count": count}).scalar_one() == count


@pytest.mark.parametrize("count", [2**63, -(2**63) - 1])
def test_larger_ones_are_refused_as_by_sqlite(connection: Connection, count: int) -> None:
    with pytest.raises(OverflowError, match="64 bits"):
        connection.execute(text("SELECT :count"), {"count": count})


def test_a_sum_of_integers_is_one(connection: Connection) -> None:
    query = text(
        "SELECT sum(value), avg(value) FROM (VALUES (CAST(-3 AS bigint)), (2)) AS n(value)"
    )
    total, mean = connection.execute(query).one()
    assert (total, mean) == (-1, -0.5)
    assert (type(total), type(mean)) == (int, float)


def test_rows_come_in_pieces(connection: Connection) -> None:
    query = text("SELECT generate_series(-3, 3)")
    rows = connection.execution_options(yield_per=2).execute(query).scalars()
    assert list(rows) == list(range(-3, 4))


def test_a_read_sees_one_snapshot_and_changes_nothing() -> None:
    running = server()
    running.drop("snapshot")
    url = running.create("snapshot")
    reader, writer = (postgresql_engine(url, read_only=each) for each in (True, False))
    with writer.begin() as connection:
        connection.execute(text("CREATE TABLE numbers (number bigint)"))
    counted = text("SELECT count(*) FROM numbers")
    add = text("INSERT INTO numbers VALUES (1)")
    with reader.connect() as connection, connection.begin():
        before = connection.execute(counted).scalar_one()
        with writer.begin() as other:
            other.execute(add)
        assert connection.execute(counted).scalar_one() == before == 0
        with pytest.raises(DBAPIError, match="read-only transaction"):
            connection.execute(add)
    with reader.connect() as connection:
        assert connection.execute(counted).scalar_one() == 1
    for engine in (reader, writer):
        engine.dispose()
    running.drop("snapshot")
