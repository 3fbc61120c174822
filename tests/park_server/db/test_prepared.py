"""A prepared statement does what SQLAlchemy does with the same one."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from park_server.db.json_text import JsonText
from park_server.db.prepared import Prepared, PreparedOfMany

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

things = Table(
    "things",
    MetaData(),
    Column("id", String, primary_key=True),
    Column("kept", Boolean, nullable=False),
    Column("document", JsonText(none_as_null=True)),
    Column("count", Integer, nullable=False),
)
NAMES = ("id", "kept", "document", "count")
ONE = {"id": "one", "kept": True, "document": {"a": [1, 2.0]}, "count": 1}
TWO = {"id": "two", "kept": False, "document": None, "count": 2}

ADD = Prepared(insert(things), NAMES)
GET = Prepared(select(things).where(things.c.id == bindparam("thing")))
MORE = Prepared(
    update(things)
    .where(things.c.id == bindparam("thing"), things.c.kept)
    .values(count=things.c.count + 1, document=bindparam("document"))
    .returning(things.c.count, things.c.document)
)
AMONG = PreparedOfMany(
    lambda names: select(things.c.id, things.c.document).where(things.c.id.in_(names))
)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection, connection.begin():
        things.create(connection)
        yield connection
    engine.dispose()


def test_what_is_written_is_what_sqlalchemy_reads(connection: Connection) -> None:
    ADD.run(connection, ONE)
    ADD.run_all(connection, [TWO])
    rows = connection.execute(select(things).order_by(things.c.count)).all()
    assert [dict(zip(NAMES, row, strict=True)) for row in rows] == [ONE, TWO]


def test_what_sqlalchemy_wrote_is_what_is_read(connection: Connection) -> None:
    connection.execute(insert(things), [ONE, TWO])
    found = [GET.first(connection, thing=name) for name in ("one", "two", "three")]
    assert found == [list(ONE.values()), list(TWO.values()), None]
    assert type(found[0][1]) is bool  # type: ignore[index]


def test_a_change_returns_what_it_came_to(connection: Connection) -> None:
    connection.execute(insert(things), [ONE, TWO])
    assert MORE.first(connection, thing="one", document={"b": 1}) == [2, {"b": 1}]
    assert MORE.first(connection, thing="two", document={"b": 1}) is None


def test_all_rows_of_a_query_are_read(connection: Connection) -> None:
    connection.execute(insert(things), [ONE, TWO])
    every = Prepared(select(things.c.id, things.c.kept).where(things.c.count <= bindparam("most")))
    found = every.all(connection, {"most": 2})
    assert sorted(map(list, found)) == [["one", True], ["two", False]]
    assert every.all(connection, {"most": 0}) == []


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 500, 501, 1100])
def test_each_of_many_values_is_found_once(connection: Connection, count: int) -> None:
    names = [f"thing-{number}" for number in range(count)]
    ADD.run_all(connection, [{**ONE, "id": name} for name in names])
    ADD.run(connection, TWO)
    found = AMONG.all(connection, iter([*names, "absent"]))
    assert sorted(name for name, _ in found) == sorted(names)
    assert [document for _, document in found] == [ONE["document"]] * count


def test_of_no_values_nothing_is_found(connection: Connection) -> None:
    ADD.run(connection, ONE)
    assert AMONG.all(connection, []) == []


def test_a_value_that_is_not_given_is_an_error(connection: Connection) -> None:
    with pytest.raises(KeyError, match="thing"):
        GET.first(connection)
    with pytest.raises(KeyError, match="count"):
        ADD.run(connection, {name: ONE[name] for name in NAMES[:-1]})


def test_what_the_driver_refuses_is_an_error_of_sqlalchemy(connection: Connection) -> None:
    ADD.run(connection, ONE)
    with pytest.raises(DBAPIError) as refused:
        ADD.run(connection, ONE)
    assert isinstance(refused.value.orig, sqlite3.IntegrityError)
    with pytest.raises(DBAPIError):
        ADD.run_all(connection, [ONE])
