"""One writer, whose lost commits are known, on a server whose sessions end amid what they do."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, event, text
from support.neighbours.postgresql import Server, own_server, server
from support.session.limits import LIMIT_S

from park.errors import Conflict
from park_repo.database import Database
from park_repo.sql import sole_writer
from park_repo.sql.losses import is_loss
from park_repo.sql.sole_writer import SoleWriter, writer_watch

if TYPE_CHECKING:
    from collections.abc import Iterator

_END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = 'written' AND pid <> pg_backend_pid()"
)


@pytest.fixture
def postgresql() -> Iterator[Server]:
    running = server()
    running.drop("written")
    running.create("written")
    yield running
    running.drop("written")


@pytest.fixture
def database(postgresql: Server) -> Iterator[Database]:
    opened = Database.postgresql(postgresql.url("written"))
    opened.write(lambda c: c.execute(text("CREATE TABLE numbers (number bigint)"))).result()
    yield opened
    opened.close()


def add(number: int) -> Any:
    statement = text("INSERT INTO numbers VALUES (:number)")
    return lambda connection: connection.execute(statement, {"number": number}).rowcount


def numbers(connection: Connection) -> list[int]:
    return list(connection.execute(text("SELECT number FROM numbers ORDER BY 1")).scalars())


def test_a_second_writer_is_refused_and_the_first_goes_on(
    postgresql: Server, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sole_writer, "_PATIENCE_S", 0.0)
    second = Database(
        reader=database.engine, writer=database.engine, custody=sole_writer.SoleWriter(patience_s=0)
    )
    with pytest.raises(Conflict, match="another park service writes"):
        second.write(add(1)).result()
    assert database.write(add(2)).result() == 1
    assert database.read(numbers) == [2]
    second.close()
    del postgresql


def test_what_a_lost_session_had_not_committed_is_run_again(
    postgresql: Server, database: Database
) -> None:
    tries = []

    def change(connection: Connection) -> int:
        tries.append(add(7)(connection))
        if len(tries) == 1:
            postgresql.tell(_END_ALL)
        return int(add(8)(connection)) + len(tries)

    assert database.write(change).result() == 3
    assert database.read(numbers) == [7, 8]
    assert database.write(add(9)).result() == 1


@pytest.mark.parametrize("is_done", [True, False])
def test_a_commit_without_an_answer_is_asked_for(
    postgresql: Server, database: Database, *, is_done: bool
) -> None:
    """The session ends before the commit, or just after it was done: nobody hears of it."""
    lost = threading.Event()

    def on_commit(connection: Connection) -> None:
        if not lost.is_set():
            lost.set()
            driver: Any = connection.connection.driver_connection
            if is_done:
                driver.execute("COMMIT")
            postgresql.tell(_END_ALL)

    event.listen(database.engine, "commit", on_commit)
    assert database.write(add(5)).result() == 1
    assert lost.is_set()
    assert database.read(numbers) == [5]


def test_changes_of_one_commit_are_undone_alone(database: Database) -> None:
    def fails(connection: Connection) -> None:
        connection.execute(text("INSERT INTO numbers VALUES (1 / 0)"))

    with database.together() as batch:
        good, bad, more = batch.write(add(1)), batch.write(fails), batch.write(add(2))
    assert good.result() == more.result() == 1
    assert "division by zero" in str(bad.exception())
    assert database.read(numbers) == [1, 2]


def test_a_read_asks_once_more(postgresql: Server, database: Database) -> None:
    database.write(add(3)).result()
    assert database.read(numbers) == [3]
    postgresql.tell(_END_ALL)
    assert database.read(numbers) == [3]


def test_a_server_that_is_away_is_told_and_waited_for() -> None:
    with own_server() as postgresql:
        postgresql.create("written")
        database = Database.postgresql(postgresql.url("written"))
        database.write(lambda c: c.execute(text("CREATE TABLE numbers (number bigint)"))).result()
        postgresql.stop()
        with pytest.raises(Exception) as raised:  # noqa: PT011 (what it is is looked at)
            database.read(numbers)
        assert is_loss(raised.value)
        waiting = database.write(add(1))
        assert "the database cannot be reached since" in database.outage.remark
        postgresql.start()
        assert waiting.result(LIMIT_S) == 1
        assert database.outage.remark == ""
        postgresql.stop()
        never = database.write(add(2))
        database.close()  # waits no longer
        error = never.exception(LIMIT_S)
        assert is_loss(error)


def test_whether_somebody_writes_is_asked_and_takes_nothing(
    postgresql: Server, database: Database
) -> None:
    is_unwritten = writer_watch(postgresql.url("written"))
    assert not is_unwritten()
    database.close()
    assert is_unwritten()
    assert is_unwritten()
    assert not writer_watch(postgresql.url("nowhere"))()


@pytest.mark.parametrize("statement", ["SELECT pg_sleep(600)", "SELECT pg_advisory_xact_lock(1)"])
def test_who_is_killed_amid_a_statement_keeps_the_lock_no_longer(
    postgresql: Server, database: Database, statement: str
) -> None:
    """Nothing is read from its socket before the statement is over, however long that takes."""
    database.close()
    engine = create_engine(postgresql.url("written"), poolclass=NullPool)
    with engine.connect() as other, engine.connect() as killed, engine.connect() as next_one:
        other.execute(text("SELECT pg_advisory_lock(1)"))
        SoleWriter().enter(killed)
        driver: Any = killed.connection.driver_connection
        driver.pgconn.send_query(statement.encode())
        driver.pgconn.flush()
        with socket.socket(fileno=os.dup(driver.pgconn.socket)) as own:
            own.shutdown(socket.SHUT_RDWR)  # as the kernel does it for a process that ends
        SoleWriter(patience_s=LIMIT_S).enter(next_one)
        driver.close()
        killed.invalidate()


def test_a_machine_that_is_gone_keeps_the_lock_for_seconds_and_not_hours() -> None:
    """By the words that the server is told: none can be unplugged here, and TCP has its own."""
    asked = dict(re.findall("WHEN '(tcp_[a-z_]+)' THEN '([0-9]+)", sole_writer._SETTLE))
    idle, interval, count, unheard = (
        float(asked[f"tcp_{name}"])
        for name in ("keepalives_idle", "keepalives_interval", "keepalives_count", "user_timeout")
    )
    assert idle + interval * count <= sole_writer.NOTICED_S
    assert unheard <= sole_writer.NOTICED_S


def test_who_stands_by_has_the_driver_before_the_other_one_ends() -> None:
    program = (
        "import sys; from sqlalchemy.engine import make_url\n"
        "from park_repo.sql.sole_writer import writer_watch\n"
        "assert 'psycopg' not in sys.modules\n"
        "writer_watch(make_url('postgresql+psycopg://nobody@nowhere.invalid/none'))\n"
        "assert 'psycopg' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
