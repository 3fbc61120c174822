"""`park_server.sealing.sealed_rows`: all that a database keeps, sealed with the key of now."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update
from support.labs.databases import database_at
from support.labs.rows import add_job

from park_server.db.tables import arriving, fetches, held_grants
from park_server.sealing.sealed_rows import seal_all, settle
from park_server.sealing.sealing import Sealing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Column, Connection

    from park_repo.database import Database

CLEAR = {"token": "grant-in-clear", "authorization": "Basic in-clear", "held": "piece-in-clear"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path)
    yield database
    database.close()


def in_clear(connection: Connection) -> None:
    """Write what an earlier park has left."""
    for job in ("a", "b"):
        add_job(connection, job, "ada", [])
        grant = {"job": job, "service": "https://h", "token": CLEAR["token"]}
        connection.execute(insert(held_grants), grant)
    fetch = {"job": "a", "document": {}, "authorization": CLEAR["authorization"]}
    connection.execute(insert(fetches), [fetch, {**fetch, "job": "b", "authorization": None}])
    request = {"id": "c", "entry_point": "park:fetch", "call": {"args": [2.0, "park"]}}
    held = {"service": "https://h", "token": CLEAR["held"]}
    document = json.dumps([{**request, "fetch": {"url": "https://u:pw-x@h/"}, "grants": [held]}])
    add_piece(connection, 1, document)
    add_piece(connection, 0, "[1]")


def add_piece(connection: Connection, behind: int, document: str) -> None:
    row = {"submission": "s", "behind": behind, "user": "ada", "accepted": "", "document": document}
    connection.execute(insert(arriving), row)


def column(database: Database, column: Column[Any]) -> list[Any]:
    return list(database.read(lambda c: c.execute(select(column)).scalars().all()))


def files_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("park.sqlite*"))


def test_what_an_earlier_park_left_in_clear_is_in_no_file_after_the_start(
    tmp_path: Path, database: Database
) -> None:
    database.write(in_clear).result()
    is_file = (tmp_path / "park.sqlite").exists()  # else it is a server's
    assert not is_file or b"grant-in-clear" in files_of(tmp_path)
    sealing = Sealing(tmp_path / "key")
    settle(database.engine, sealing)
    assert {sealing.opened(each) for each in column(database, held_grants.c.token)} == {
        CLEAR["token"]
    }
    of_fetches = [each for each in column(database, fetches.c.authorization) if each is not None]
    assert [sealing.opened(each) for each in of_fetches] == [CLEAR["authorization"]]
    pieces = sorted(column(database, arriving.c.document), key=len)
    assert pieces[0] == "[1]"  # which nobody can read
    (kept,) = json.loads(pieces[1])
    assert kept["call"] == {"args": [2.0, "park"]}
    assert sealing.opened(kept["grants"][0]["token"]) == CLEAR["held"]
    assert kept["fetch"]["url"] == "https://h/"
    assert sealing.opened(kept["fetch"]["authorization"]).startswith("Basic ")
    for left in (*CLEAR.values(), "pw-x"):
        assert left.encode() not in files_of(tmp_path)
    assert sealing.is_settled


def test_after_a_rotation_all_is_sealed_with_the_new_key(
    tmp_path: Path, database: Database
) -> None:
    database.write(in_clear).result()
    sealing = Sealing(tmp_path / "key")
    settle(database.engine, sealing)
    before = column(database, held_grants.c.token), column(database, arriving.c.document)
    sealing.rotate()
    assert database.write(lambda c: seal_all(c, sealing)).result() == 0
    after = column(database, held_grants.c.token), column(database, arriving.c.document)
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert after[0][0] == after[0][1]  # jobs share it still
    sealing.settled()
    assert Sealing(tmp_path / "key").opened(after[0][0]) == CLEAR["token"]


def test_a_lost_key_is_told_at_the_start_and_what_it_sealed_stays(
    tmp_path: Path, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    database.write(in_clear).result()
    settle(database.engine, Sealing(tmp_path / "key"))
    kept = column(database, held_grants.c.token)
    new = Sealing(tmp_path / "new")
    with caplog.at_level(logging.WARNING):
        settle(database.engine, new)
    assert "2 credentials" in caplog.text
    assert "sealing-key.before" in caplog.text
    assert column(database, held_grants.c.token) == kept
    (tmp_path / "key").rename(tmp_path / "new.before")
    settle(database.engine, Sealing(tmp_path / "new"))
    assert {new.opened(each) for each in column(database, held_grants.c.token)} == {CLEAR["token"]}


def test_a_start_whose_key_is_settled_asks_nothing(tmp_path: Path, database: Database) -> None:
    settle(database.engine, Sealing(tmp_path / "key"))
    database.write(in_clear).result()
    settle(database.engine, Sealing(tmp_path / "key"))
    assert CLEAR["token"] in column(database, held_grants.c.token)
    every = update(held_grants).values(token="")
    assert database.write(lambda c: c.execute(every).rowcount).result()
