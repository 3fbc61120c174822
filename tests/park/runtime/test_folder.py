"""Records of a job's folder: claimed once, whole, and never through a link."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from park.runtime.folder import JobFolder, read_claim, read_record, write_record


def test_a_claim_whose_answer_was_lost_is_found_to_be_ones_own(tmp_path: Path) -> None:
    folder = JobFolder(root=str(tmp_path))
    assert folder.claim(1, {"pid": 7})
    assert folder.claim(1, {"pid": 7})
    assert not folder.claim(1, {"pid": 8})
    (tmp_path / "attempt-2").touch()
    assert not folder.claim(2, {"pid": 7})


def test_one_of_many_claims_wins_and_is_whole(tmp_path: Path) -> None:
    folder = JobFolder(root=str(tmp_path))
    code = (
        "import sys; from park.runtime.folder import JobFolder\n"
        "sys.stdin.readline()\n"
        "print(JobFolder(root=sys.argv[1]).claim(1, {'claimant': int(sys.argv[2])}))"
    )
    claimants = [
        subprocess.Popen(
            [sys.executable, "-c", code, tmp_path, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(5)
    ]
    won = [process.communicate("\n")[0].strip() == "True" for process in claimants]
    assert won.count(True) == 1
    assert read_claim(folder.attempt(1)) == {"claimant": won.index(True)}
    assert [path.name for path in tmp_path.iterdir()] == ["attempt-1"]


def test_a_file_made_ahead_becomes_the_record_once(tmp_path: Path) -> None:
    ahead, path = tmp_path / ".outcome.json", tmp_path / "outcome.json"
    ahead.write_text("what was left there")
    made = ahead.stat().st_ino
    write_record(str(path), {"attempt": 1}, str(ahead))
    assert (path.stat().st_ino, read_record(str(path))) == (made, {"attempt": 1})
    write_record(str(path), {"attempt": 2}, str(ahead))
    assert path.stat().st_ino != made
    assert read_record(str(path)) == {"attempt": 2}
    assert [each.name for each in tmp_path.iterdir()] == ["outcome.json"]


@pytest.mark.parametrize("put", ["link", "pipe", "folder"])
def test_what_a_job_put_in_place_of_the_file_made_ahead_is_not_written_to(
    tmp_path: Path, put: str
) -> None:
    ahead, path, other = (tmp_path / name for name in ("ahead", "outcome.json", "other"))
    other.write_text("of somebody")
    if put == "link":
        ahead.symlink_to(other)
    elif put == "pipe":
        os.mkfifo(ahead)
    else:
        ahead.mkdir()
    write_record(str(path), {"attempt": 1}, str(ahead))
    assert read_record(str(path)) == {"attempt": 1}
    assert other.read_text() == "of somebody"


@pytest.mark.parametrize("content", ["", "{", "[1]", "\xff"])
def test_what_is_no_record_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "outcome.json"
    path.write_bytes(content.encode("latin-1"))
    assert read_record(str(path)) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write_record(str(tmp_path / "secret"), {"a": 1})
    (tmp_path / "outcome.json").symlink_to(tmp_path / "secret")
    assert read_record(str(tmp_path / "outcome.json")) is None


def test_what_a_job_has_put_in_the_way_of_a_record_is_not_opened(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "cancel.json", tmp_path / "elsewhere"
    elsewhere.write_text("kept")
    beside = tmp_path / f".cancel.json.{os.getpid()}"
    beside.symlink_to(elsewhere)
    write_record(str(path), {"a": 1})
    beside.unlink()
    os.mkfifo(beside)
    write_record(str(path), {"a": 2})  # and waits for nobody
    assert (elsewhere.read_text(), read_record(str(path))) == ("kept", {"a": 2})


def test_a_folder_that_a_job_has_put_in_the_place_of_a_record_keeps_none_from_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "cancel.json"
    (path / "full").mkdir(parents=True)
    write_record(str(path), {"a": 1})
    assert read_record(str(path)) == {"a": 1}
    assert len(list(tmp_path.glob("cancel.json.*/full"))) == 1
