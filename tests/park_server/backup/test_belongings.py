from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.labs.backup_lab import full_home

from park.model.states import JobState
from park_server.backup.belongings import JobLeft, belongings, of_job, of_top
from park_server.backup.home_rows import reading

if TYPE_CHECKING:
    from pathlib import Path


def test_what_the_database_names_is_found(tmp_path: Path) -> None:
    full = full_home(tmp_path / "home")
    with reading(full.home, None) as engine, engine.connect() as connection:
        found = belongings(connection)
    assert found.published == {(full.wheel, "demo-1.0-py3-none-any.whl"): None}
    assert found.contents == {full.left}
    assert found.locked == {full.locked}
    assert found.jobs["running"] == JobLeft(status=JobState.RUNNING, attempt=2)


@pytest.mark.parametrize(
    ("status", "kept"),
    [
        (JobState.COMPLETED, {"stdout", "work", "outcome.json", "marks.json"}),
        (JobState.RUNNING, {"stdout", "marks.json", "attempt-2"}),
        (JobState.QUEUED, {"stdout"}),
        (JobState.WAITING, {"stdout"}),
    ],
)
def test_of_a_job_that_had_not_ended_no_end_is_kept(status: JobState, kept: set[str]) -> None:
    names = {"stdout", "work", "outcome.json", "marks.json", "attempt-1", "attempt-2"}
    job = JobLeft(status=status, attempt=2)
    assert {name for name in names if of_job(name, job)} == kept


def test_keys_and_the_policy_go_along_and_what_a_process_left_does_not(tmp_path: Path) -> None:
    names = ("token", "identity", "policy.toml", "lock", "removals.lock", "database")
    more = (
        "park.sqlite",
        "park.sqlite-wal",
        "park.sqlite.moved-1",
        "devices.json",
        "ballast",
        ".hidden",
    )
    for name in (*names, *more):
        (tmp_path / name).touch()
    (tmp_path / "jobs").mkdir()
    assert {p.name for p in tmp_path.iterdir() if of_top(p)} == {"token", "identity", "policy.toml"}
