"""The shape of a workflow is found once, and anew where a job comes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.labs.rows import USER, new_job, rows_in_memory

from park.model.ids import JobId
from park_server.page import workflow_shapes
from park_server.page.workflow_shapes import WorkflowShapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


A = JobId("a")


def value(job: str) -> dict[str, str]:
    return {"$park": "reference", "job": job, "what": "value"}


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        new_job(connection, "a", entry_point="m:prepare")
        new_job(connection, "b", value("a"), entry_point="m:fit")
        yield connection


def test_it_is_current_until_a_job_comes_to_it(connection: Connection) -> None:
    shapes = WorkflowShapes()
    assert not shapes.is_current(connection, USER, A)
    shapes.find(connection, USER, A)
    found = shapes.seen(connection, USER, A)
    assert [(each.label, each.counts) for each in found.groups] == [
        ("m:prepare", {"waiting": 1}),
        ("m:fit", {"waiting": 1}),
    ]
    assert [(each.needed, each.by) for each in found.edges] == [("call m:prepare", "call m:fit")]
    assert shapes.is_current(connection, USER, A)
    new_job(connection, "other", entry_point="m:report")
    assert shapes.is_current(connection, USER, A)
    new_job(connection, "c", value("b"), entry_point="m:report")
    assert shapes.seen(connection, USER, A) == found  # until somebody finds it anew
    assert shapes.is_outdated(USER, A)
    assert not shapes.is_current(connection, USER, A)
    shapes.find(connection, USER, A)
    anew = shapes.seen(connection, USER, A)
    assert [each.label for each in anew.groups] == ["m:prepare", "m:fit", "m:report"]
    assert not shapes.is_outdated(USER, A)


def test_one_that_was_let_go_is_found_when_it_is_looked_at(connection: Connection) -> None:
    shapes = WorkflowShapes()
    assert not shapes.is_outdated(USER, A)
    assert len(shapes.seen(connection, USER, A).groups) == 2
    assert shapes.is_current(connection, USER, A)


def test_those_that_nobody_looks_at_are_let_go(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_shapes, "_MOST_JOBS", 5)  # two of them
    shapes = WorkflowShapes()
    for user in ("u1", "u2"):
        shapes.find(connection, user, A)
    assert shapes.is_current(connection, "u1", A)  # looked at last
    shapes.find(connection, "u3", A)
    assert shapes.is_current(connection, "u1", A)
    assert not shapes.is_current(connection, "u2", A)


def test_the_newest_is_kept_however_large(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_shapes, "_MOST_JOBS", 1)
    shapes = WorkflowShapes()
    shapes.find(connection, USER, A)
    assert shapes.is_current(connection, USER, A)
