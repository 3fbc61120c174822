"""Who waits for what has changed: all, where they are few, or some after the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection
from support.labs.rows import new_job, rows_in_memory

from park.model.states import JobKind
from park_server.jobs.conditions.spreading.who_waits import awaited_among, few_waiters, next_waiters


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        for name in "ab":
            new_job(connection, name)
        new_job(connection, "y", value_of("a"), value_of("b"), value_of("a", "file"))
        new_job(connection, "x", value_of("b"), user="eve")
        new_job(connection, "w", when={"job": "b", "is": "failed"})
        yield connection


def value_of(job: str, what: str = "value") -> dict[str, Any]:
    return {"$park": "reference", "job": job, "what": what}


def test_each_is_told_once_with_all_that_changed(connection: Connection) -> None:
    found = few_waiters(connection, ["a", "b", "absent"], most=3, counting=True) or []
    assert [(each.id, each.user, each.pending, changed) for each, changed in found] == [
        ("w", "ada", None, {"b"}),
        ("x", "eve", 1, {"b"}),
        ("y", "ada", 2, {"a", "b"}),
    ]
    assert found[0][0].kind is JobKind.CALL


def test_more_than_so_many_are_not_told(connection: Connection) -> None:
    assert few_waiters(connection, ["b"], most=2, counting=True) is None


def test_a_report_is_told_to_those_that_weigh_it(connection: Connection) -> None:
    found = few_waiters(connection, ["a", "b"], most=3, counting=False) or []
    assert [each.id for each, _ in found] == ["w"]


def test_one_after_another(connection: Connection) -> None:
    def told(after: str) -> list[str]:
        return [each.id for each in next_waiters(connection, "b", after=after, most=2)]

    assert [told(""), told("x"), told("y")] == [["w", "x"], ["y"], []]


def test_what_anybody_waits_for(connection: Connection) -> None:
    assert awaited_among(connection, ["x", "b", "a", "absent"]) == ["a", "b"]
