"""Workflows of any size, counted in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete
from support.labs.rows import add_install, new_job, rows_in_memory

from park.model.ids import JobId
from park.model.states import InstallState, JobKind, JobState
from park_server.db.tables import jobs, needs
from park_server.page.shapes import quotient
from park_server.page.shapes.quotient import (
    groups_of,
    links_of,
    members_of,
    size_of,
)
from park_server.page.shapes.state_counts import StateCounts, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

ELSEWHERE = "https://sns.example.org"


def value(job: str, service: str | None = None) -> dict[str, str]:
    node = {"$park": "reference", "job": job, "what": "value"}
    return node if service is None else node | {"service": service}


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        add_install(connection, "install", InstallState.READY)
        made: dict[str, Any] = {"install": "install"}
        new_job(connection, "a", entry_point="m:prepare", state=JobState.COMPLETED, **made)
        for number in range(30):
            state = JobState.FAILED if number % 10 == 0 else JobState.RUNNING
            new_job(
                connection, f"s{number:02}", value("a"), entry_point="m:sim", state=state, **made
            )
        sweep = [value(f"s{number:02}") for number in range(30)]
        new_job(connection, "z", sweep, value("far", ELSEWHERE), entry_point="m:all", **made)
        new_job(connection, "other", entry_point="m:sim", **made)
        yield connection


def ids_of(connection: Connection, job: JobId) -> list[str]:
    return [each for group in groups_of(connection, job) for each in group.ids]


@pytest.fixture(params=[True, False], ids=["sqlite", "others"])
def either_way(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    """Go through the graph as SQLite does, and as other databases do: SQLite knows both."""
    steps = quotient._steps
    if request.param and connection.dialect.name != "sqlite":
        return  # as this one does, once more
    monkeypatch.setattr(quotient, "_steps", lambda part, **_: steps(part, is_sqlite=request.param))


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("job", [JobId("a"), JobId("s07"), JobId("z")])
def test_what_is_connected_is_counted_from_wherever_one_looks(
    connection: Connection, job: JobId
) -> None:
    assert size_of(connection, job, 1_000) == 32
    assert size_of(connection, job, 5) == 5
    groups = StateCounts(groups_of(connection, job), 0).groups()
    assert {each.label: each.counts for each in groups} == {
        "m:prepare": {"completed": 1},
        "m:sim": {"failed": 3, "running": 27},
        "m:all": {"waiting": 1},
    }


def test_who_needs_whom_is_said_of_groups(connection: Connection) -> None:
    edges, others = links_of(connection, ids_of(connection, JobId("z")))
    assert len(edges) == len(set(edges))
    assert {(each.needed, each.by, each.how) for each in edges} >= {
        ("call m:prepare", "call m:sim", "value"),
        ("call m:sim", "call m:all", "value"),
        ("installs", "call m:sim", "completed"),
        (f"remote {ELSEWHERE}", "call m:all", "value"),
    }
    assert {each.label for each in others} == {"mymodel==1.0", ELSEWHERE}
    assert {each.kind for each in others} == {"install", "remote"}
    assert {each.service for each in others} == {None, ELSEWHERE}


def test_a_job_that_is_removed_is_no_environment(connection: Connection) -> None:
    new_job(connection, "past", entry_point="m:past")
    new_job(connection, "later", value("past"), entry_point="m:later")
    connection.execute(delete(needs).where(needs.c.job == "past"))
    connection.execute(delete(jobs).where(jobs.c.id == "past"))
    assert ids_of(connection, JobId("later")) == ["later"]
    assert links_of(connection, ["later"]) == ([], [])


def test_members_that_failed_come_first(connection: Connection) -> None:
    key = key_of(JobKind.CALL, "m:sim")
    found = members_of(connection, JobId("a"), key, None, 5)
    assert [each.id for each in found] == ["s00", "s10", "s20", "s01", "s02"]
    assert len(members_of(connection, JobId("a"), key, JobState.FAILED, 50)) == 3
    assert members_of(connection, JobId("a"), "call m:none", None, 5) == []
    assert members_of(connection, JobId("a"), "", None, 5) == []


def test_a_job_alone_is_a_workflow(connection: Connection) -> None:
    assert size_of(connection, JobId("other"), 10) == 1
