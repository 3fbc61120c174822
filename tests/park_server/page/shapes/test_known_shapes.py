"""The shape of a workflow is found once, and anew where a job comes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.labs.rows import USER, add_install, new_job, rows_in_memory

from park.model.ids import JobId
from park.model.states import InstallState
from park_server.page.shapes import known_shapes
from park_server.page.shapes.known_shapes import Seen, WorkflowShapes

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


def test_it_is_found_once_and_followed(connection: Connection) -> None:
    shapes = WorkflowShapes()
    assert not shapes.is_current(connection, USER, A)
    shapes.find(connection, USER, A)
    found = shapes.seen(connection, USER, A)
    assert [(each.label, each.counts) for each in found.groups] == [
        ("m:prepare", {"waiting": 1}),
        ("m:fit", {"waiting": 1}),
    ]
    assert drawn(found) == [("call m:prepare", "call m:fit")]
    new_job(connection, "other", entry_point="m:report")
    assert shapes.seen(connection, USER, A) == found
    add_install(connection, "i", InstallState.READY)
    new_job(connection, "c", value("b"), entry_point="m:report", install="i")
    grown = shapes.seen(connection, USER, A)
    assert [each.label for each in grown.groups] == ["m:prepare", "m:fit", "m:report"]
    assert [each.key for each in grown.others] == ["installs"]
    assert set(drawn(grown)) == {
        ("call m:prepare", "call m:fit"),
        ("call m:fit", "call m:report"),
        ("installs", "call m:report"),
    }
    assert shapes.is_current(connection, USER, A)
    assert not shapes.is_outdated(USER, A)
    anew = WorkflowShapes().seen(connection, USER, A)
    assert anew.groups == grown.groups
    assert set(anew.edges) == set(grown.edges)


def test_it_is_found_anew_where_two_become_one(connection: Connection) -> None:
    shapes = WorkflowShapes()
    shapes.find(connection, USER, A)
    new_job(connection, "other", entry_point="m:report")
    assert shapes.is_current(connection, USER, A)
    new_job(connection, "both", value("b"), value("other"), entry_point="m:report")
    assert not shapes.is_current(connection, USER, A)
    assert shapes.is_outdated(USER, A)
    shapes.find(connection, USER, A)
    assert shapes.is_current(connection, USER, JobId("other"))
    assert not shapes.is_outdated(USER, A)


def drawn(seen: Seen) -> list[tuple[str, str]]:
    return [(each.needed, each.by) for each in seen.edges]


def test_one_that_was_let_go_is_found_when_it_is_looked_at(connection: Connection) -> None:
    shapes = WorkflowShapes()
    assert not shapes.is_outdated(USER, A)
    assert len(shapes.seen(connection, USER, A).groups) == 2
    assert shapes.is_current(connection, USER, A)


def test_those_that_nobody_looks_at_are_let_go(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_shapes, "_MOST_JOBS", 5)  # two of them
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
    monkeypatch.setattr(known_shapes, "_MOST_JOBS", 1)
    shapes = WorkflowShapes()
    shapes.find(connection, USER, A)
    assert shapes.is_current(connection, USER, A)


def test_what_is_known_of_one_job_is_known_of_all_of_its_workflow(connection: Connection) -> None:
    shapes = WorkflowShapes()
    new_job(connection, "alone", entry_point="m:report")
    shape = shapes.find(connection, USER, JobId("b"))
    assert shapes.is_current(connection, USER, A)
    assert not shapes.is_current(connection, USER, JobId("alone"))
    assert not shapes.is_current(connection, "another", A)
    assert shapes.find(connection, USER, A) is shape  # not gone through again
    new_job(connection, "both", value("b"), value("alone"), entry_point="m:report")
    assert not shapes.is_current(connection, USER, A)
    anew = shapes.find(connection, USER, JobId("both"))
    assert anew is not shape
    assert shapes.find(connection, USER, A) is anew  # and the old one is no more
