"""Folders made ahead: whole, for one job each, and none where the disk takes none."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from park.runtime.folder import JobFolder
from park_server.jobs.files.folders_ahead import FoldersAhead

FILES = ("stdout", "stderr", "work", ".outcome.json")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "jobs"
    made.mkdir()
    return made


@pytest.fixture
def ahead(root: Path) -> FoldersAhead:
    made = FoldersAhead(root)
    made.make()
    return made


def test_one_has_all_that_a_job_makes_in_its_own(root: Path, ahead: FoldersAhead) -> None:
    assert ahead.take("0199")
    assert {path.name for path in (root / "0199").iterdir()} == {*FILES}
    assert (root / "0199" / "work").is_dir()
    assert JobFolder(root=str(root / "0199")).outcome_ahead == str(root / "0199" / FILES[-1])
    assert stat.S_IMODE((root / "0199").stat().st_mode) == 0o700


def test_each_is_taken_once_and_others_are_made_in_their_place(
    root: Path, ahead: FoldersAhead
) -> None:
    found = 0
    while ahead.take(str(found)):
        found += 1
    assert found >= 1
    assert not (root / str(found)).exists()
    ahead.make()
    assert ahead.take("another")
    inodes = {path.stat().st_ino for path in root.glob("[!.]*")}
    assert len(inodes) == found + 1


def test_who_has_a_folder_keeps_it_and_one_that_is_empty_gives_way(
    root: Path, ahead: FoldersAhead
) -> None:
    (root / "0199").mkdir()
    (root / "0199" / "attempt-1").touch()
    assert not ahead.take("0199")
    assert [path.name for path in (root / "0199").iterdir()] == ["attempt-1"]
    (root / "0200").mkdir()
    assert ahead.take("0200")
    assert (root / "0200" / "work").is_dir()


def test_what_a_killed_service_left_is_made_anew(root: Path) -> None:
    FoldersAhead(root).make()
    for left in root.iterdir():
        (left / "work").rmdir()
        (left / "stdout").write_text("of another")
    again = FoldersAhead(root)
    assert not again.take("0199")
    again.make()
    assert again.take("0199")
    assert (root / "0199" / "work").is_dir()
    assert (root / "0199" / "stdout").read_text() == ""


def test_none_is_there_where_none_could_be_made(root: Path) -> None:
    root.rmdir()
    ahead = FoldersAhead(root)
    ahead.make()
    assert not ahead.take("0199")
    root.mkdir()
    ahead.make()
    assert ahead.take("0199")
