"""Folders that a crash has left: those of removed jobs go, and logs that were to go already.

Those of jobs that the database does not know are put aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update
from support.labs.databases import database_at
from support.labs.rows import new_job
from support.material.open_doors import of_the_service

from park.model.states import JobState
from park_repo.database import Database
from park_server import events
from park_server.areas.areas import Areas
from park_server.content import ContentStore
from park_server.db import blocks
from park_server.db.event_kinds import REMOVED
from park_server.db.tables import jobs
from park_server.jobs.folder import JobFolders
from park_server.retention.job_folders import (
    are_aside,
    place_of,
    sweep_folders,
    unknown_folders,
)

LEFT = ("stdout", "stderr", "progress.jsonl")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path)
    yield database
    database.close()


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[JobFolders]:
    root = tmp_path / "jobs"
    root.mkdir()
    folders = JobFolders(
        root,
        ContentStore(tmp_path / "files"),
        Areas(tmp_path / "areas", {}, of_the_service),
        owner_of=of_the_service,
    )
    yield folders
    folders.close()


def folder(root: Path, job: str) -> Path:
    made = root / "jobs" / job
    made.mkdir()
    for name in LEFT:
        (made / name).write_text("left")
    return made


def job(database: Database, name: str, *, logs_removed: str | None = None) -> None:
    database.write(lambda c: new_job(c, name, state=JobState.COMPLETED)).result()
    changed = update(jobs).where(jobs.c.id == name).values(logs_removed=logs_removed)
    database.write(lambda c: c.execute(changed)).result()


def removed(database: Database, name: str) -> None:
    """Say in the log what a removal says that a crash interrupted behind its commit."""
    said = partial(events.append, subject="job", id=name, type=REMOVED, user="ada")
    database.write(said).result()


def left(path: Path) -> set[str]:
    return {each.name for each in path.iterdir()}


@pytest.mark.parametrize("logs", [False, True])
def test_what_a_removed_job_has_left_goes_and_the_rest_stays(
    database: Database, folders: JobFolders, tmp_path: Path, *, logs: bool
) -> None:
    job(database, "there")
    job(database, "without", logs_removed="2026-01-01")
    there, without, gone = (folder(tmp_path, name) for name in ("there", "without", "gone"))
    removed(database, "gone")
    sweep_folders(database, folders, logs=logs)
    assert not gone.exists()
    assert not are_aside(folders)
    assert left(there) == set(LEFT)
    assert left(without) == ({"progress.jsonl"} if logs else set(LEFT))


def test_more_folders_than_one_query_may_name_are_all_looked_at(
    database: Database, folders: JobFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "_AT_ONCE", 2)
    for number in range(5):
        folder(tmp_path, f"gone{number}")
        removed(database, f"gone{number}")
        folder(tmp_path, f"unknown{number}")
        folder(tmp_path, f"there{number}")
        job(database, f"there{number}")
    unknown = {f"unknown{number}" for number in range(5)}
    assert set(unknown_folders(database, folders)) == unknown
    sweep_folders(database, folders, logs=True)
    assert set(folders.names()) == {f"there{number}" for number in range(5)}
    assert left(place_of(folders)) == unknown


def test_what_the_database_knows_nothing_of_is_put_aside_whole_and_told(
    database: Database, folders: JobFolders, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As of a database that was brought back from a day before these jobs."""
    job(database, "there")
    for name in ("there", "later", "latest"):
        folder(tmp_path, name)
    sweep_folders(database, folders, logs=True)
    assert folders.names() == ["there"]
    assert {name: left(place_of(folders) / name) for name in ("later", "latest")} == {
        "later": set(LEFT),
        "latest": set(LEFT),
    }
    assert place_of(folders).stat().st_mode & 0o777 == 0o700
    (said,) = caplog.messages
    assert "knows nothing of 2 folders of jobs, later the first: it is older than they are" in said
    assert str(place_of(folders)) in said
    sweep_folders(database, folders, logs=True)
    assert len(caplog.messages) == 1
