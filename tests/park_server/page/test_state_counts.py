"""States of a workflow's jobs are counted once, and followed by what the event log says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, update
from support.labs.rows import USER, new_job, rows_in_memory

from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park_server import events
from park_server.db.tables import jobs, needs
from park_server.page import state_counts
from park_server.page.quotient import groups_of
from park_server.page.state_counts import StateCounts, key_of, newest_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

SIM = key_of(JobKind.CALL, "m:sim")


def value(job: str) -> dict[str, Any]:
    return {"$park": "reference", "job": job, "what": "value"}


def become(connection: Connection, job: str, state: JobState) -> None:
    """Have ``job`` enter ``state``, as everything in a service does."""
    connection.execute(update(jobs).where(jobs.c.id == job).values(status=state))
    events.append(connection, subject="job", id=job, type=state, user=USER)


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        new_job(connection, "a", entry_point="m:prepare")
        for number in range(5):
            new_job(connection, f"s{number}", value("a"), entry_point="m:sim")
        yield connection


@pytest.fixture
def counts(connection: Connection) -> StateCounts:
    return StateCounts(groups_of(connection, JobId("a")), newest_event(connection))


def counted(counts: StateCounts, connection: Connection) -> dict[str, dict[str, int]]:
    return {each.key: each.counts for each in counts.groups(connection)}


def test_it_follows_what_becomes_of_the_jobs(connection: Connection, counts: StateCounts) -> None:
    before = {key_of(JobKind.CALL, "m:prepare"): {"waiting": 1}, SIM: {"waiting": 5}}
    assert counted(counts, connection) == before
    for job in ("s1", "s3"):
        become(connection, job, JobState.RUNNING)
    become(connection, "s3", JobState.FAILED)
    now = counted(counts, connection)
    assert now[SIM] == {"waiting": 3, "running": 1, "failed": 1}
    assert counted(counts, connection) == now
    anew = StateCounts(groups_of(connection, JobId("a")), newest_event(connection))
    assert counted(anew, connection) == now


def test_others_that_have_nothing_to_do_with_it_leave_it(
    connection: Connection, counts: StateCounts
) -> None:
    new_job(connection, "other", entry_point="m:sim")
    become(connection, "other", JobState.RUNNING)
    found = counted(counts, connection)
    assert found[SIM] == {"waiting": 5}
    assert not counts.is_outdated


def test_one_that_comes_to_it_is_told(connection: Connection, counts: StateCounts) -> None:
    new_job(connection, "z", value("s1"), entry_point="m:all")
    become(connection, "s2", JobState.RUNNING)
    assert counted(counts, connection)[SIM] == {"waiting": 4, "running": 1}
    assert counts.is_outdated
    become(connection, "s3", JobState.RUNNING)
    assert counted(counts, connection)[SIM] == {"waiting": 3, "running": 2}
    assert counts.is_outdated  # it does not come round


def test_one_that_they_were_waiting_for_is_told(
    connection: Connection, counts: StateCounts
) -> None:
    row = {"job": "s1", "needed": "late", "service": "", "how": "completed"}
    connection.execute(needs.insert(), row)
    new_job(connection, "late", entry_point="m:late")
    counts.groups(connection)
    assert counts.is_outdated


def test_one_that_is_gone_is_told(connection: Connection, counts: StateCounts) -> None:
    connection.execute(delete(needs).where(needs.c.job == "s1"))
    connection.execute(delete(jobs).where(jobs.c.id == "s1"))
    events.append(connection, subject="job", id="s1", type="removed", user=USER)
    counts.groups(connection)
    assert counts.is_outdated


def test_more_changes_than_are_read_are_counted_anew(
    connection: Connection, counts: StateCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_counts, "_FEWEST", 3)
    for _ in range(2):
        for number in range(5):
            become(connection, f"s{number}", JobState.RUNNING)
    counts.groups(connection)
    assert counts.is_outdated


def test_the_function_submitted_first_comes_first(
    connection: Connection, counts: StateCounts
) -> None:
    groups = counts.groups(connection)
    assert [(each.label, each.job) for each in groups] == [("m:prepare", "a"), ("m:sim", "s0")]
    assert len(counts) == 6
    assert set(counts.ids) == {"a", *(f"s{number}" for number in range(5))}
