"""What becomes of waiting jobs, many at once; what waits no longer is left as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, select, update
from support.labs.rows import add_install, new_job, rows_in_memory

from park.model.states import InstallState, JobState
from park.wire import FetchRequest
from park_server import events
from park_server.db.tables import fetches, jobs
from park_server.jobs import waiting_rows


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def row_of(connection: Connection, job: str) -> Any:
    return connection.execute(select(jobs).where(jobs.c.id == job)).one()


def told(connection: Connection, job: str) -> list[tuple[str, Any]]:
    found = events.after(connection, "ada", 0, 99)
    return [(each["type"], each["data"]) for each in found if each["id"] == job]


def test_what_is_still_missing_is_counted_down(connection: Connection) -> None:
    for job in "abc":
        new_job(connection, job)
    waiting_rows.count_down(connection, {"a": 2, "b": 1})
    waiting_rows.count_down(connection, {})
    assert [row_of(connection, job).pending for job in "abc"] == [2, 1, 0]


def test_what_waits_for_nothing_is_queued_and_told(connection: Connection) -> None:
    for job in "ab":
        new_job(connection, job)
    waiting_rows.queue_waiting(connection, [("a", "ada", {"gpu": 1}, None), ("b", "ada", None, 0)])
    waiting_rows.queue_waiting(connection, [])
    a, b = (row_of(connection, job) for job in "ab")
    assert (a.status, a.pools, a.pending) == ("queued", {"gpu": 1}, None)
    assert (b.status, b.pools, b.pending) == ("queued", None, 0)
    assert told(connection, "a")[-1] == ("queued", {})


@pytest.mark.parametrize("lock_hash", [None, "given"])
def test_a_job_is_bound_to_what_its_install_came_to(
    connection: Connection, lock_hash: str | None
) -> None:
    add_install(connection, "i", InstallState.READY, lock_hash="made", set_hash="of-it")
    new_job(connection, "a", install="i")
    connection.execute(update(jobs).values(lock_hash=lock_hash))
    waiting_rows.queue_waiting(connection, [("a", "ada", None, 0)])
    row = row_of(connection, "a")
    assert (row.lock_hash, row.set_hash) == (lock_hash or "made", "of-it")


def test_a_cancelled_job_says_why_and_holds_nothing(connection: Connection) -> None:
    new_job(connection, "a", fetch=FetchRequest(url="https://h/x", authorization="Bearer x"))
    connection.execute(update(jobs).values(pools={"gpu": 1}))
    waiting_rows.cancel_waiting(connection, [("a", "ada", "b failed")])
    waiting_rows.cancel_waiting(connection, [])
    row = row_of(connection, "a")
    assert (row.status, row.error, row.pools) == ("cancelled", "b failed", None)
    assert row.finished is not None
    assert told(connection, "a")[-1] == ("cancelled", {"error": "b failed"})
    assert connection.execute(select(fetches.c.authorization)).scalars().all() == [None]


def test_what_waits_no_longer_stays_as_it_is(connection: Connection) -> None:
    new_job(connection, "a", state=JobState.RUNNING)
    waiting_rows.queue_waiting(connection, [("a", "ada", {"gpu": 1}, None)])
    waiting_rows.cancel_waiting(connection, [("a", "ada", "no")])
    row = row_of(connection, "a")
    assert (row.status, row.pools, row.error) == ("running", None, None)
