"""What is still to follow, as the database has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from support.labs.rows import rows_in_memory

from park.model.ids import JobId
from park_server.jobs.unsettled import unsettled_rows
from park_server.jobs.unsettled.unsettled_rows import Step

A, B = JobId("a"), JobId("b")


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def test_who_came_first_is_first(connection: Connection) -> None:
    assert not unsettled_rows.is_any(connection)
    unsettled_rows.add_changed(connection, ["z", "a"])
    unsettled_rows.add_races(connection, [B])
    rows = unsettled_rows.first(connection, 2)
    assert [(row.step, row.subject, row.after) for row in rows] == [
        (Step.CHANGED, "z", ""),
        (Step.CHANGED, "a", ""),
    ]
    unsettled_rows.remove(connection, rows)
    assert [row.step for row in unsettled_rows.first(connection, 9)] == [Step.RACE]
    assert unsettled_rows.is_any(connection)


def test_what_is_noted_already_is_noted_once(connection: Connection) -> None:
    unsettled_rows.add_changed(connection, [A])
    unsettled_rows.add_changed(connection, [A])
    (row,) = unsettled_rows.first(connection, 9)
    unsettled_rows.go_on_after(connection, row, "m")
    unsettled_rows.add_changed(connection, [A])  # those up to m have not heard of this one
    found = unsettled_rows.first(connection, 9)
    assert [(each.subject, each.after) for each in found] == [("a", "m"), ("a", "")]


def test_who_is_to_be_ended_and_why(connection: Connection) -> None:
    unsettled_rows.add_ending(connection, [A], "cancelled: it lost")
    unsettled_rows.add_changed(connection, [B])
    assert unsettled_rows.ending(connection) == {"a"}
    assert unsettled_rows.why_ending(connection, A) == "cancelled: it lost"
    assert unsettled_rows.why_ending(connection, B) is None
