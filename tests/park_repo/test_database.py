from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from park.errors import ServiceFault
from park_repo.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

NUMBERS = Table("numbers", MetaData(), Column("n", Integer, primary_key=True))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.sqlite(tmp_path / "park.sqlite")
    database.write(NUMBERS.metadata.create_all).result()
    yield database
    database.close()


def add(connection: Connection, n: int) -> int:
    connection.execute(insert(NUMBERS).values(n=n))
    return n


def numbers(connection: Connection) -> list[int]:
    return list(connection.scalars(select(NUMBERS.c.n).order_by(NUMBERS.c.n)))


def held(database: Database) -> tuple[threading.Event, Future[None]]:
    """Occupy the writer until the event is set, so that what follows queues up."""
    release, running = threading.Event(), threading.Event()

    def wait(_connection: Connection) -> None:
        running.set()
        release.wait()

    future = database.write(wait)
    running.wait()
    return release, future


def test_what_was_written_is_read(database: Database) -> None:
    assert database.write(lambda c: add(c, 7)).result() == 7
    assert database.read(numbers) == [7]


def test_awrite_returns_the_result(database: Database) -> None:
    assert asyncio.run(database.awrite(lambda c: add(c, 7))) == 7


def test_queued_changes_share_one_commit(database: Database) -> None:
    commits: list[Connection] = []
    event.listen(database.engine, "commit", commits.append)
    release, first = held(database)
    others = [database.write(partial(add, n=n)) for n in range(20)]
    release.set()
    assert [future.result() for future in others] == list(range(20))
    first.result()
    assert len(commits) == 2


def test_changes_written_together_share_one_commit(database: Database) -> None:
    commits: list[Connection] = []
    event.listen(database.engine, "commit", commits.append)
    with database.together() as batch:
        futures = [batch.write(partial(add, n=n)) for n in range(3)]
        assert database.write(lambda c: add(c, 9)).result() == 9  # the writer is idle meanwhile
    assert [future.result() for future in futures] == [0, 1, 2]
    assert len(commits) == 2


def test_a_block_that_raises_writes_nothing(database: Database) -> None:
    def gather() -> None:
        with database.together() as batch:
            batch.write(partial(add, n=1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        gather()
    assert database.read(numbers) == []


def test_a_failing_change_fails_alone(database: Database) -> None:
    def add_twice(connection: Connection) -> None:
        add(connection, 2)
        add(connection, 1)

    release, _ = held(database)
    good = database.write(lambda c: add(c, 1))
    bad = database.write(add_twice)
    later = database.write(lambda c: add(c, 3))
    release.set()
    assert (good.result(), later.result()) == (1, 3)
    with pytest.raises(IntegrityError):
        bad.result()
    assert database.read(numbers) == [1, 3]


def test_one_that_fails_alone_leaves_nothing_and_the_next_is_written(database: Database) -> None:
    def add_twice(connection: Connection) -> None:
        add(connection, 2)
        add(connection, 1)

    assert database.write(lambda c: add(c, 1)).result() == 1
    with pytest.raises(IntegrityError):
        database.write(add_twice).result()
    assert database.write(lambda c: add(c, 3)).result() == 3
    assert database.read(numbers) == [1, 3]


def test_where_the_transaction_is_lost_nobody_is_told_that_it_committed(
    database: Database,
) -> None:
    def lose(connection: Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")  # what SQLite does itself on a full disk
        raise RuntimeError("disk full")

    release, _ = held(database)
    good = database.write(lambda c: add(c, 1))
    bad = database.write(lose)
    release.set()
    for future in (good, bad):
        with pytest.raises(DBAPIError, match="no such savepoint"):
            future.result()
    assert database.read(numbers) == []
    assert database.write(lambda c: add(c, 2)).result() == 2


def test_a_read_is_on_one_snapshot_whoever_runs_its_statements(database: Database) -> None:
    def counted(connection: Connection) -> int:
        driver: Any = connection.connection.driver_connection
        (count,) = driver.execute("SELECT count(*) FROM numbers").fetchone()
        return int(count)

    def twice(connection: Connection) -> list[int]:
        before = counted(connection)
        database.write(lambda c: add(c, 1)).result()
        return [before, counted(connection)]

    assert database.read(twice) == [0, 0]
    assert database.read(counted) == 1


def test_a_reader_sees_nothing_before_the_commit(database: Database) -> None:
    added, release = threading.Event(), threading.Event()

    def add_and_wait(connection: Connection) -> None:
        add(connection, 1)
        added.set()
        release.wait()

    future = database.write(add_and_wait)
    added.wait()
    assert database.read(numbers) == []
    release.set()
    future.result()
    assert database.read(numbers) == [1]


def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        database.read(lambda c: add(c, 1))


def test_a_cancelled_change_is_not_run(database: Database) -> None:
    release, _ = held(database)
    cancelled = database.write(lambda c: add(c, 1))
    assert cancelled.cancel()
    release.set()
    database.write(lambda c: add(c, 2)).result()
    assert database.read(numbers) == [2]


def test_close_commits_what_is_queued_and_takes_no_more(tmp_path: Path) -> None:
    database = Database.sqlite(tmp_path / "park.sqlite")
    database.write(NUMBERS.metadata.create_all).result()
    release, _ = held(database)
    last = database.write(lambda c: add(c, 1))
    closer = threading.Thread(target=database.close)
    closer.start()
    release.set()
    closer.join()
    assert last.result() == 1
    with pytest.raises(ServiceFault, match="closed"):
        database.write(numbers)
    reopened = Database.sqlite(tmp_path / "park.sqlite")
    assert reopened.read(numbers) == [1]
    reopened.close()


def test_reads_that_outlive_the_database_close_their_connections(database: Database) -> None:
    add_one = partial(add, n=1)
    database.write(add_one).result()
    used: list[Any] = []

    def closing(connection: Connection) -> list[int]:
        database.close()
        used.append(connection.connection.driver_connection)
        return numbers(connection)

    def late(connection: Connection) -> list[int]:
        used.append(connection.connection.driver_connection)
        return numbers(connection)

    assert [database.read(closing), database.read(late)] == [[1], [1]]
    for connection in used:
        with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
            connection.execute("SELECT 1")


def test_a_read_closes_its_connection_where_the_database_closes_as_it_ends(
    database: Database,
) -> None:
    used: list[Any] = []

    def close_first(connection: Connection) -> None:
        if not used:
            used.append(connection.connection.driver_connection)
            database.close()

    event.listen(Engine, "commit", close_first)
    try:
        assert database.read(numbers) == []
    finally:
        event.remove(Engine, "commit", close_first)
    (connection,) = used
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        connection.execute("SELECT 1")


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    script = """
import os, pathlib, signal, sys
from park_repo.database import Database
database = Database.sqlite(pathlib.Path(sys.argv[1]))
database.write(lambda c: c.exec_driver_sql("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")).result()
database.write(lambda c: c.exec_driver_sql("INSERT INTO numbers VALUES (1)")).result()
os.kill(os.getpid(), signal.SIGKILL)
"""
    path = tmp_path / "park.sqlite"
    killed = subprocess.run([sys.executable, "-c", script, path], check=False)
    assert killed.returncode == -9
    database = Database.sqlite(path)
    assert database.read(numbers) == [1]
    database.close()


def test_whoever_remembers_hears_of_a_change_that_is_undone(database: Database) -> None:
    """What is kept beside the rows, of what a change has made of them, is stale then."""
    heard: list[str] = []
    for name in ("savepoint", "rollback_savepoint", "commit"):
        event.listen(database.engine, name, lambda *_, name=name: heard.append(name))

    def fails(_connection: Connection) -> None:
        raise ValueError

    with database.together() as batch:
        batch.write(lambda _: None)
        undone = batch.write(fails)
    assert isinstance(undone.exception(), ValueError)
    assert heard == ["savepoint", "savepoint", "rollback_savepoint", "commit"]


def test_what_was_deleted_is_gone_from_the_file_whatever_sqlite_does_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(*arguments: Any, **more: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **more)
        connection.execute("PRAGMA secure_delete=OFF")
        return connection

    connect = sqlite3.dbapi2.connect
    monkeypatch.setattr(sqlite3.dbapi2, "connect", careless)
    words = Table("words", MetaData(), Column("n", Integer, primary_key=True), Column("w", String))
    database = Database.sqlite(tmp_path / "park.sqlite")
    database.write(words.metadata.create_all).result()
    rows = [{"n": n, "w": f"marked-{n}-of-ada"} for n in range(50)]
    database.write(lambda c: c.execute(insert(words), rows) and None).result()
    database.write(lambda c: c.execute(update(words).where(words.c.n == 7).values(w=None)) and None)
    database.write(lambda c: c.execute(delete(words).where(words.c.n == 9)) and None).result()
    database.close()
    left = (tmp_path / "park.sqlite").read_bytes()
    assert b"rked-8-of-ada" in left
    assert not [n for n in (7, 9) if f"rked-{n}-of-ada".encode() in left]
