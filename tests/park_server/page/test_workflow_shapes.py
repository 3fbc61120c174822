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


def test_it_is_known_until_a_job_comes_to_it(connection: Connection) -> None:
    shapes = WorkflowShapes()
    assert shapes.known(connection, USER, A) is None
    found = shapes.found(connection, USER, A)
    assert [(each.label, each.counts) for each in found.groups] == [
        ("m:prepare", {"waiting": 1}),
        ("m:fit", {"waiting": 1}),
    ]
    assert [(each.needed, each.by) for each in found.edges] == [("call m:prepare", "call m:fit")]
    assert shapes.known(connection, USER, A) == found
    new_job(connection, "other", entry_point="m:report")
    assert shapes.known(connection, USER, A) == found
    new_job(connection, "c", value("b"), entry_point="m:report")
    assert shapes.known(connection, USER, A) is None
    anew = shapes.found(connection, USER, A)
    assert [each.label for each in anew.groups] == ["m:prepare", "m:fit", "m:report"]
    assert shapes.known(connection, USER, A) == anew


def test_those_that_nobody_looks_at_are_let_go(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_shapes, "_MOST_JOBS", 5)  # two of them
    shapes = WorkflowShapes()
    for user in ("u1", "u2"):
        shapes.found(connection, user, A)
    assert shapes.known(connection, "u1", A) is not None  # looked at last
    shapes.found(connection, "u3", A)
    assert shapes.known(connection, "u1", A) is not None
    assert shapes.known(connection, "u2", A) is None


def test_the_newest_is_kept_however_large(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_shapes, "_MOST_JOBS", 1)
    shapes = WorkflowShapes()
    shapes.found(connection, USER, A)
    assert shapes.known(connection, USER, A) is not None
