"""The shape of a workflow is found once, and anew where somebody has submitted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.labs.rows import new_job, rows_in_memory

from park.model.ids import JobId
from park_server.db.tables import jobs
from park_server.page import quotient, workflow_shapes
from park_server.page.workflow_shapes import WorkflowShapes

if TYPE_CHECKING:
    from sqlalchemy import Connection


A = JobId("a")


def value(job: str) -> dict[str, str]:
    return {"$park": "reference", "job": job, "what": "value"}


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often somebody went through the graph."""
    found: list[str] = []
    real = quotient.connected_ids

    def connected(connection: Connection, job: JobId) -> str:
        found.append(job)
        return real(connection, job)

    monkeypatch.setattr(workflow_shapes, "connected_ids", connected)
    return found


def test_it_is_kept_until_somebody_submits(looks: list[str]) -> None:
    with rows_in_memory() as connection:
        new_job(connection, "a", entry_point="m:prepare")
        new_job(connection, "b", value("a"), entry_point="m:fit")
        user = connection.execute(jobs.select()).first()
        assert user is not None
        shapes = WorkflowShapes()
        first = shapes.of(connection, user.user, A)
        assert set(json.loads(first.ids)) == {"a", "b"}
        assert [(each.needed, each.by) for each in first.edges] == [
            ("call m:prepare", "call m:fit")
        ]
        assert shapes.of(connection, user.user, A) is first
        assert looks == ["a"]
        new_job(connection, "c", value("b"), entry_point="m:report")
        assert set(json.loads(shapes.of(connection, user.user, A).ids)) == {"a", "b", "c"}
        assert looks == ["a", "a"]


def test_a_state_that_changes_leaves_it(looks: list[str]) -> None:
    with rows_in_memory() as connection:
        new_job(connection, "a", entry_point="m:prepare")
        row = connection.execute(jobs.select()).first()
        assert row is not None
        shapes = WorkflowShapes()
        shapes.of(connection, row.user, A)
        connection.execute(jobs.update().values(status="completed"))
        shapes.of(connection, row.user, A)
        assert looks == ["a"]


def test_those_that_nobody_looks_at_are_let_go(looks: list[str]) -> None:
    with rows_in_memory() as connection:
        new_job(connection, "a", entry_point="m:f")
        shapes = WorkflowShapes()
        for user in range(10):
            shapes.of(connection, f"u{user}", A)
        shapes.of(connection, "u9", A)
        assert len(looks) == 10
        shapes.of(connection, "u0", A)
        assert len(looks) == 11
