"""States of a workflow's jobs are counted once, and followed by what the event log says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, update
from support.labs.rows import USER, add_install, new_job, rows_in_memory

from park.model.ids import JobId
from park.model.states import InstallState, JobKind, JobState
from park_server import events
from park_server.db.tables import jobs, needs
from park_server.page.shapes import state_counts
from park_server.page.shapes.quotient import groups_of
from park_server.page.shapes.state_counts import StateCounts, key_of, newest_event

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
    counts.follow(connection)
    return {each.key: each.counts for each in counts.groups()}


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


def test_those_that_come_to_it_are_taken_in(connection: Connection, counts: StateCounts) -> None:
    new_job(connection, "z", value("y"), entry_point="m:all")
    new_job(connection, "y", value("s1"), entry_point="m:sim")
    new_job(connection, "other", entry_point="m:sim")
    new_job(connection, "of-other", value("other"), entry_point="m:sim")
    become(connection, "s2", JobState.RUNNING)
    assert set(counts.follow(connection)) == {"y", "z"}
    assert not counts.follow(connection)
    become(connection, "y", JobState.RUNNING)
    now = counted(counts, connection)
    assert now[SIM] == {"waiting": 4, "running": 2}
    assert now[key_of(JobKind.CALL, "m:all")] == {"waiting": 1}
    assert not counts.is_outdated
    assert now == counted(
        StateCounts(groups_of(connection, JobId("a")), newest_event(connection)), connection
    )


def test_two_that_become_one_are_told(connection: Connection, counts: StateCounts) -> None:
    new_job(connection, "b", entry_point="m:other")
    assert not counts.follow(connection)
    new_job(connection, "c", [value("s1"), value("b")], entry_point="m:both")
    counts.follow(connection)
    assert counts.is_outdated  # what belongs to the other is not known here
    become(connection, "s3", JobState.RUNNING)
    assert counted(counts, connection)[SIM] == {"waiting": 4, "running": 1}
    assert counts.is_outdated  # it does not come round


def test_what_needs_an_install_or_one_that_is_gone_is_taken_in(
    connection: Connection, counts: StateCounts
) -> None:
    add_install(connection, "i", InstallState.READY)
    new_job(connection, "c", value("s1"), install="i")
    connection.execute(
        needs.insert(), {"job": "c", "needed": "gone", "service": "", "how": "completed"}
    )
    assert set(counts.follow(connection)) == {"c"}
    assert not counts.is_outdated


def test_one_that_they_were_waiting_for_is_taken_in(
    connection: Connection, counts: StateCounts
) -> None:
    row = {"job": "s1", "needed": "late", "service": "", "how": "completed"}
    connection.execute(needs.insert(), row)
    new_job(connection, "late", entry_point="m:late")
    assert set(counts.follow(connection)) == {"late"}
    assert not counts.is_outdated


def test_one_that_is_gone_is_told(connection: Connection, counts: StateCounts) -> None:
    connection.execute(delete(needs).where(needs.c.job == "s1"))
    connection.execute(delete(jobs).where(jobs.c.id == "s1"))
    events.append(connection, subject="job", id="s1", type="removed", user=USER)
    counts.follow(connection)
    assert counts.is_outdated


def test_more_changes_than_are_read_are_counted_anew(
    connection: Connection, counts: StateCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_counts, "_FEWEST", 3)
    for _ in range(2):
        for number in range(5):
            become(connection, f"s{number}", JobState.RUNNING)
    counts.follow(connection)
    assert counts.is_outdated


def test_the_function_submitted_first_comes_first(counts: StateCounts) -> None:
    groups = counts.groups()
    assert [(each.label, each.job) for each in groups] == [("m:prepare", "a"), ("m:sim", "s0")]
    assert len(counts) == 6
    assert set(counts.ids) == {"a", *(f"s{number}" for number in range(5))}
