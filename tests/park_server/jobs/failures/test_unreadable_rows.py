"""Rows that nobody understands end their job and no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text
from support.labs.rows import new_job, rows_in_memory

from park.model.ids import JobId
from park.model.states import JobState
from park_server.jobs import job_rows
from park_server.jobs.failures.unreadable_rows import made_readable

JOB = JobId("a")


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        new_job(connection, "sound", when={"job": "b", "is": "failed"})
        new_job(connection, JOB)
        yield connection


def damage(connection: Connection, column: str, value: Any) -> None:
    statement = text(f"UPDATE jobs SET {column} = :value WHERE id = 'a'")  # noqa: S608
    connection.execute(statement, {"value": value})


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("status", "asleep", "its state is asleep"),
        ("kind", "poem", "its kind is poem"),
        ("condition", "{", "its condition is no JSON"),
        ("pools", "{", "its units of pools are no JSON"),
        ("pools", "[1]", "its units of pools are no JSON"),
        ("pools", '{"gpu": "all"}', "its units of pools are no JSON"),
    ],
)
def test_what_cannot_be_read_is_told_and_can_be_ended(
    connection: Connection, column: str, value: str, why: str
) -> None:
    damage(connection, column, value)
    assert made_readable(connection) == [(JOB, f"its row cannot be read: {why}")]
    found = job_rows.get(connection, JOB)
    assert (found.status, found.kind, found.condition, found.pools) == (
        "running",
        "call",
        None,
        None,
    )
    assert job_rows.get(connection, JobId("sound")).status is JobState.WAITING


@pytest.mark.parametrize("pools", [None, "{}", '{"gpu": 1}'])
def test_what_can_be_read_stays(connection: Connection, pools: str | None) -> None:
    damage(connection, "pools", pools)
    before = job_rows.get(connection, JOB)
    assert made_readable(connection) == []
    assert job_rows.get(connection, JOB) == before


def test_what_has_ended_is_looked_at_by_nobody(connection: Connection) -> None:
    damage(connection, "status", "completed")
    damage(connection, "condition", "{")
    assert made_readable(connection) == []


@pytest.mark.parametrize(
    ("moment", "kept"),
    [("soon", None), ("2026-11-23T08:00:00.000000Z", "2026-11-23T08:00:00.000000Z")],
)
def test_a_job_is_held_back_for_no_moment_that_is_none(
    connection: Connection, moment: str, kept: str | None
) -> None:
    damage(connection, "not_before", moment)
    assert made_readable(connection) == []
    assert job_rows.get(connection, JOB).not_before == kept
