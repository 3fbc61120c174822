"""Folders that a crash has left: those of no job go, and logs that were to go already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from support.labs.databases import database_at
from support.labs.rows import new_job
from support.material.open_doors import of_the_service

from park.model.states import JobState
from park_repo.database import Database
from park_server.areas.areas import Areas
from park_server.content import ContentStore
from park_server.db import blocks
from park_server.db.tables import jobs
from park_server.jobs.folder import JobFolders
from park_server.retention.job_folders import sweep_folders

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


def left(path: Path) -> set[str]:
    return {each.name for each in path.iterdir()}


@pytest.mark.parametrize("logs", [False, True])
def test_what_no_job_has_goes_and_the_rest_stays(
    database: Database, folders: JobFolders, tmp_path: Path, *, logs: bool
) -> None:
    job(database, "there")
    job(database, "without", logs_removed="2026-01-01")
    there, without, gone = (folder(tmp_path, name) for name in ("there", "without", "gone"))
    sweep_folders(database, folders, logs=logs)
    assert not gone.exists()
    assert left(there) == set(LEFT)
    assert left(without) == ({"progress.jsonl"} if logs else set(LEFT))


def test_more_folders_than_one_query_may_name_are_all_looked_at(
    database: Database, folders: JobFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "_AT_ONCE", 2)
    for number in range(5):
        folder(tmp_path, f"gone{number}")
        folder(tmp_path, f"there{number}")
        job(database, f"there{number}")
    sweep_folders(database, folders, logs=True)
    assert left(tmp_path / "jobs") == {f"there{number}" for number in range(5)}
