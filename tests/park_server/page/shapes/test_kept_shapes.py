"""Shapes of large workflows outlive the process that found them, and not the log they are of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, update
from support.labs.rows import USER, new_job, rows_in_memory

from park.model.ids import JobId
from park_server import events
from park_server.db.tables import events as log
from park_server.db.tables import jobs
from park_server.page.shapes import known_shapes
from park_server.page.shapes.kept_shapes import KeptShapes
from park_server.page.shapes.known_shapes import Seen, WorkflowShapes
from park_server.page.shapes.state_counts import newest_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

A = JobId("a")


def value(job: str) -> dict[str, str]:
    return {"$park": "reference", "job": job, "what": "value"}


def submit(connection: Connection, name: str, *needed: str, entry_point: str = "m:fit") -> None:
    new_job(connection, name, *map(value, needed), entry_point=entry_point)
    events.append(connection, subject="job", id=name, type="waiting", user=USER)


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    monkeypatch.setattr(known_shapes, "LARGE", 3)
    with rows_in_memory() as connection:
        submit(connection, "a", entry_point="m:prepare")
        for name in "bcd":
            submit(connection, name, "a")
        yield connection


@pytest.fixture
def seen(connection: Connection, tmp_path: Path) -> Seen:
    """What the process before saw of the workflow, and kept."""
    return shapes_at(tmp_path).seen(connection, USER, A)


def shapes_at(folder: Path) -> WorkflowShapes:
    """Return what a process begins with on ``folder``."""
    return WorkflowShapes(KeptShapes(folder / "shapes"))


def files_of(folder: Path) -> list[Path]:
    return sorted((folder / "shapes").iterdir())


def knows(shapes: WorkflowShapes, connection: Connection, job: str = "a") -> bool:
    return shapes.is_current(connection, USER, JobId(job))


def test_the_next_process_knows_it_and_follows_it(
    connection: Connection, seen: Seen, tmp_path: Path
) -> None:
    connection.execute(update(jobs).where(jobs.c.id == "a").values(status="completed"))
    events.append(connection, subject="job", id="a", type="completed", user=USER)
    submit(connection, "e", "b", entry_point="m:report")
    again = shapes_at(tmp_path)
    assert all(knows(again, connection, job) for job in "abcde")
    grown = again.seen(connection, USER, A)
    anew = WorkflowShapes().seen(connection, USER, A)
    assert [(each.label, each.counts) for each in grown.groups] == [
        ("m:prepare", {"completed": 1}),
        ("m:fit", {"waiting": 3}),
        ("m:report", {"waiting": 1}),
    ]
    assert grown.groups == anew.groups
    assert set(grown.edges) == set(anew.edges) > set(seen.edges)
    assert not again.is_current(connection, "another", A)


def test_a_small_one_is_kept_nowhere(connection: Connection, tmp_path: Path) -> None:
    submit(connection, "x")
    submit(connection, "y", "x")
    shapes_at(tmp_path).seen(connection, USER, JobId("x"))
    assert not (tmp_path / "shapes").exists()


@pytest.mark.usefixtures("seen")
def test_it_is_for_the_service_alone(connection: Connection, tmp_path: Path) -> None:
    assert knows(shapes_at(tmp_path), connection)
    assert [path.stat().st_mode & 0o077 for path in (tmp_path / "shapes", *files_of(tmp_path))] == [
        0,
        0,
    ]


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize("changed", [{"time": "2027"}, {"id": "other"}, {"type": "queued"}])
def test_a_log_that_went_on_otherwise_has_it_found_anew(
    connection: Connection, tmp_path: Path, changed: dict[str, str]
) -> None:
    newest = newest_event(connection)
    connection.execute(update(log).where(log.c.seq == newest).values(changed))
    assert not knows(shapes_at(tmp_path), connection)
    assert files_of(tmp_path) == []


@pytest.mark.usefixtures("seen")
def test_a_log_that_is_shorter_has_it_found_anew(connection: Connection, tmp_path: Path) -> None:
    connection.execute(delete(log).where(log.c.seq == newest_event(connection)))
    assert not knows(shapes_at(tmp_path), connection)


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"user": "ada"}',
        '{"user": "ada", "job": "a", "newest": 1, "groups": [["call", "m", "odd", "a"]]}',
    ],
)
def test_a_damaged_file_is_told_and_goes(
    connection: Connection,
    tmp_path: Path,
    text: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (file,) = files_of(tmp_path)
    file.write_text(text)
    assert not knows(shapes_at(tmp_path), connection)
    assert f"{file} is not used, and goes" in caplog.text
    assert files_of(tmp_path) == []


@pytest.mark.usefixtures("seen")
def test_two_that_become_one_are_one_file(connection: Connection, tmp_path: Path) -> None:
    shapes = shapes_at(tmp_path)
    submit(connection, "v")
    for name in "xyz":
        submit(connection, name, "v")
    shapes.seen(connection, USER, JobId("v"))
    assert len(files_of(tmp_path)) == 2
    assert knows(shapes, connection)
    submit(connection, "both", "b", "x")
    assert not knows(shapes, connection)
    shapes.find(connection, USER, JobId("both"))
    (file,) = files_of(tmp_path)
    assert json.loads(file.read_text())["job"] == "both"


@pytest.mark.usefixtures("seen")
def test_what_is_followed_is_kept_as_it_is_then(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_shapes, "BEHIND", 5)
    shapes = shapes_at(tmp_path)
    assert knows(shapes, connection)
    assert shapes.behind(newest_event(connection)) == []
    for _ in range(5):
        events.append(connection, subject="job", id="a", type="running", user=USER)
    newest = newest_event(connection)
    assert shapes.behind(newest) == [(USER, A)]
    shapes.catch_up(connection, USER, A)
    assert shapes.behind(newest) == []
    (file,) = files_of(tmp_path)
    assert json.loads(file.read_text())["newest"] == newest


@pytest.mark.usefixtures("seen")
def test_one_that_lost_its_jobs_is_kept_no_more(connection: Connection, tmp_path: Path) -> None:
    shapes = shapes_at(tmp_path)
    assert knows(shapes, connection)
    for name in "dc":
        connection.execute(delete(jobs).where(jobs.c.id == name))
        events.append(connection, subject="job", id=name, type="removed", user=USER)
    shapes.catch_up(connection, USER, A)
    assert files_of(tmp_path) == []
    assert shapes.behind(newest_event(connection)) == []


def test_a_disk_without_room_is_told_and_hinders_nobody(
    connection: Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "shapes").write_text("in its place")
    assert len(shapes_at(tmp_path).seen(connection, USER, A).groups) == 2
    assert "the shape of a workflow of ada is not kept" in caplog.text
