"""A result is handed on as it is stored, in pieces, or not at all where it is too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, text
from support.labs.install_lab import opened_database
from support.labs.rows import add_job

from park.model.ids import JobId
from park_server.jobs.files.result_text import result_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from park_repo.database import Database

JOB = JobId("01a21a90-80bb-7847-b026-a00d7b3f5c5a")
MIB = 1 << 20


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened_database(tmp_path) as database:
        database.write(lambda c: add_job(c, JOB, "ada", [])).result()
        yield database


def store(database: Database, document: str | float) -> None:
    def change(connection: Connection) -> None:
        statement = text("INSERT INTO results (job, document) VALUES (:job, :document)")
        connection.execute(statement, {"job": JOB, "document": document})

    database.write(change).result()


def test_it_comes_in_pieces_to_the_letter(database: Database) -> None:
    stored = '"' + "x" * MIB + '"'
    store(database, stored)
    pieces = database.read(lambda c: result_text(c, JOB))
    assert pieces is not None
    assert [len(piece) for piece in pieces] == [MIB, 2]
    assert b"".join(pieces) == stored.encode()


def test_one_that_is_too_long_is_not_read(database: Database) -> None:
    store(database, "[1.50]")
    assert database.read(lambda c: result_text(c, JOB, 5)) is None
    assert database.read(lambda c: result_text(c, JOB, 6)) == [b"[1.50]"]


def test_none_is_null(database: Database) -> None:
    assert database.read(lambda c: result_text(c, JOB)) == [b"null"]
