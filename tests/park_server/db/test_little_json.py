"""Documents that are read where they are little, and left where they are not, on both dialects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from support.labs.databases import database_at
from support.labs.rows import add_job

from park.model.ids import JobId
from park_server.db.little_json import little, read_little
from park_server.db.tables import results
from park_server.json_pieces import LARGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from park_repo.database import Database

JOB = JobId("0001")
DOCUMENT = results.c.document


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = database_at(tmp_path)
    opened.write(lambda c: add_job(c, JOB, "ada", [])).result()
    yield opened
    opened.close()


def found(connection: Connection) -> Any:
    return connection.execute(select(little(DOCUMENT)).where(results.c.job == JOB)).scalar()


def stored(database: Database, value: Any) -> None:
    database.write(lambda c: c.execute(insert(results).values(job=JOB, document=value))).result()


@pytest.mark.parametrize("value", [{"a": [1, 2.0, None]}, "\ud800é", [], "x" * (LARGE_BYTES - 2)])
def test_what_is_little_is_read_with_its_bytes(database: Database, value: Any) -> None:
    stored(database, value)
    read = database.read(lambda c: read_little(c, DOCUMENT, found(c)))
    assert read is not None
    assert read[0] == value
    assert read[1] <= LARGE_BYTES


@pytest.mark.parametrize(("value", "most"), [("x" * LARGE_BYTES, LARGE_BYTES), ("xyz", 4)])
def test_what_is_more_is_left_unread(database: Database, value: str, most: int) -> None:
    stored(database, value)
    assert database.read(lambda c: read_little(c, DOCUMENT, found(c), most)) is None


def test_what_is_not_there_is_nothing(database: Database) -> None:
    assert database.read(lambda c: read_little(c, DOCUMENT, found(c))) == (None, 0)


def test_a_row_that_is_gone_is_an_error_of_the_database(database: Database) -> None:
    if database.read(lambda c: c.dialect.name) != "sqlite":
        pytest.skip("rows are opened on SQLite alone")
    with pytest.raises(DBAPIError):
        database.read(lambda c: read_little(c, DOCUMENT, 77))


def test_a_number_of_an_older_service_is_read_as_one(database: Database) -> None:
    if database.read(lambda c: c.dialect.name) != "sqlite":
        pytest.skip("of the days of SQLite")
    add = text("INSERT INTO results (job, document) VALUES (:job, 7)")
    database.write(lambda c: c.execute(add, {"job": JOB})).result()
    assert database.read(lambda c: read_little(c, DOCUMENT, found(c))) == (7, 1)
