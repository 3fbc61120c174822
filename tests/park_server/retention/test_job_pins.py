"""A pin keeps a job in whatever state, and is told once each time that it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection
from support.labs.rows import USER, new_job, rows_in_memory

from park.errors import UnknownItem
from park.model.ids import JobId
from park.model.states import JobState
from park_server import events
from park_server.jobs import job_rows
from park_server.retention import job_pins

A = JobId("a")


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def told(connection: Connection) -> list[str]:
    types = [each["type"] for each in events.after(connection, USER, 0, 99) if each["id"] == A]
    return [each for each in types if each in {"pinned", "unpinned"}]


@pytest.mark.parametrize("state", [JobState.WAITING, JobState.RUNNING, JobState.FAILED])
def test_a_second_time_changes_nothing(connection: Connection, state: JobState) -> None:
    new_job(connection, A, state=state)
    job_pins.unpin(connection, A, USER)
    assert told(connection) == []
    job_pins.pin(connection, A, USER)
    since = job_rows.get(connection, A, USER).pinned
    job_pins.pin(connection, A, USER)
    assert since is not None
    assert job_rows.get(connection, A, USER).pinned == since
    job_pins.unpin(connection, A, USER)
    job_pins.unpin(connection, A, USER)
    assert job_rows.get(connection, A, USER).pinned is None
    assert told(connection) == ["pinned", "unpinned"]


def test_only_the_job_that_is_named_is_pinned(connection: Connection) -> None:
    new_job(connection, A)
    new_job(connection, "b")
    job_pins.pin(connection, A, USER)
    assert job_rows.get(connection, JobId("b"), USER).pinned is None


@pytest.mark.parametrize("change", [job_pins.pin, job_pins.unpin])
def test_another_users_job_is_not_there(
    connection: Connection, change: Callable[[Connection, JobId, str], None]
) -> None:
    new_job(connection, A)
    job_pins.pin(connection, A, USER)
    with pytest.raises(UnknownItem):
        change(connection, A, "eve")
    assert job_rows.get(connection, A, USER).pinned is not None
