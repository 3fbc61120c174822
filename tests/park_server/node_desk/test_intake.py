"""What comes back from a node: again and again, cut off, out of order, and from who lies."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from park.errors import Conflict, InvalidUpload, NoRoom, UsageError
from park.runtime.folder import read_claim, read_record
from park_server.node_desk.intake import Left, NodeFolder

OWNER = {"pid": 7, "started": 1, "boot": "b"}
CONTENT = b"content" * 100


def left(name: str, content: bytes = CONTENT) -> Left:
    return Left(name=name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


@pytest.fixture
def folder(tmp_path: Path) -> NodeFolder:
    (tmp_path / "job").mkdir()
    return NodeFolder(tmp_path / "job", 1)


def test_an_attempt_is_its_first_claimants_who_may_ask_again(
    folder: NodeFolder, tmp_path: Path
) -> None:
    folder.claim({**OWNER, "said": "more"})
    folder.claim(OWNER)
    with pytest.raises(Conflict, match="attempt 1 of job job is taken"):
        folder.claim({**OWNER, "pid": 8})
    assert read_claim(str(tmp_path / "job" / "attempt-1")) == OWNER


@pytest.mark.parametrize("owner", [{"pid": 7}, {**OWNER, "pid": "7"}, {**OWNER, "boot": "b" * 65}])
def test_what_is_no_process_claims_nothing(
    folder: NodeFolder, tmp_path: Path, owner: dict[str, object]
) -> None:
    with pytest.raises(UsageError, match="no process that can claim an attempt"):
        folder.claim(owner)
    assert read_claim(str(tmp_path / "job" / "attempt-1")) is None


def test_a_later_attempt_begins_with_nothing_of_the_one_before(
    folder: NodeFolder, tmp_path: Path
) -> None:
    folder.append("stdout", 0, b"before")
    folder.put(left("x").sha256, 0, len(CONTENT), CONTENT)
    folder.end([left("x")], {}, None)
    again = NodeFolder(tmp_path / "job", 2)
    again.claim(OWNER)
    assert again.append("stdout", 0, b"") == 0
    assert again.missing([left("x")]) == {left("x").sha256: 0}
    assert not (tmp_path / "job" / "work").exists()


def test_streams_go_on_from_what_is_here(folder: NodeFolder, tmp_path: Path) -> None:
    assert folder.append("stdout", 0, b"one") == 3
    assert folder.append("stdout", 0, b"one") == 3  # its answer was lost
    assert folder.append("stdout", 9, b"gap") == 3
    assert folder.append("stdout", 3, b" two") == 7
    assert (tmp_path / "job" / "stdout").read_bytes() == b"one two"
    with pytest.raises(UsageError, match=r"no stream 'exit\.json'"):
        folder.append("exit.json", 0, b"{}")


def test_contents_are_asked_for_until_they_are_whole(folder: NodeFolder, tmp_path: Path) -> None:
    files = [left("a/b.txt"), left("twice"), left("empty", b"")]
    sha256, size = files[0].sha256, files[0].size
    assert folder.missing(files) == {sha256: 0, files[2].sha256: 0}
    assert folder.put(sha256, 0, size, CONTENT[:100]) == 100
    assert folder.missing(files)[sha256] == 100
    with pytest.raises(Conflict, match="has not come yet"):
        folder.end(files, {}, None)
    assert folder.put(sha256, 100, size, CONTENT[100:]) == size
    assert folder.put(files[2].sha256, 0, 0, b"") == 0
    assert folder.missing(files) == {}
    records = {"exit": {"status": 0, "signal": None}, "outcome": {"state": "completed"}}
    folder.end(files, records, None)
    folder.end(files, records, None)
    work = tmp_path / "job" / "work"
    assert (work / "a" / "b.txt").read_bytes() == (work / "twice").read_bytes() == CONTENT
    assert (work / "empty").stat().st_size == 0
    assert (work / "twice").stat().st_nlink == 1  # as the collection of files wants them
    found = read_record(str(tmp_path / "job" / "exit.json"))
    assert found == {"status": 0, "signal": None, "attempt": 1}


def test_what_came_as_another_content_goes(folder: NodeFolder) -> None:
    file = left("x")
    with pytest.raises(InvalidUpload, match=f"expected {file.sha256}"):
        folder.put(file.sha256, 0, file.size, b"x" * file.size)
    assert folder.missing([file]) == {file.sha256: 0}


def test_what_is_whole_is_neither_written_nor_read_again(
    folder: NodeFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each piece that is sent again would cost another reading of all of it."""
    file = left("x")
    folder.put(file.sha256, 0, file.size, CONTENT)
    monkeypatch.setattr(hashlib, "file_digest", None)
    assert folder.put(file.sha256, 0, file.size, b"y") == file.size
    assert folder.put(file.sha256, 0, 2 * file.size, b"y") == 2 * file.size
    assert folder.missing([file]) == {}
    folder.end([file], {}, None)
    assert (tmp_path / "job" / "work" / "x").read_bytes() == CONTENT


def test_a_content_becomes_the_file_and_is_copied_for_others_alone(
    folder: NodeFolder, tmp_path: Path
) -> None:
    files = [left("first"), left("a/second"), left("third")]
    folder.put(files[0].sha256, 0, files[0].size, CONTENT)
    came = (tmp_path / "job" / ".incoming" / files[0].sha256).stat().st_ino
    folder.end(files, {}, None)
    work = tmp_path / "job" / "work"
    assert (work / "third").stat().st_ino == came
    assert len({(work / each.name).stat().st_ino for each in files}) == 3
    assert all((work / each.name).read_bytes() == CONTENT for each in files)
    with pytest.raises(Conflict, match="'fourth' went to another file"):
        folder.end([left("fourth")], {}, None)


def test_one_content_does_not_fill_the_disk_under_many_names(
    folder: NodeFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = [left(f"{number}") for number in range(5)]
    folder.put(files[0].sha256, 0, files[0].size, CONTENT)
    little = SimpleNamespace(f_bavail=7 * len(CONTENT), f_frsize=1)
    monkeypatch.setattr(os, "fstatvfs", lambda _: little)
    with pytest.raises(NoRoom, match=r"takes 2\.7 KiB on the disk of its service"):
        folder.end(files, {}, None)
    assert not (tmp_path / "job" / "work").exists()
    folder.end(files[:4], {}, None)


def test_there_are_no_more_files_than_a_job_may_leave(
    folder: NodeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("park_server.node_desk.intake.MOST_FILES", 3)
    files = [left(f"{number}") for number in range(4)]
    for ask in (lambda: folder.missing(files), lambda: folder.end(files, {}, None)):
        with pytest.raises(UsageError, match="4 files, and a job may leave 3"):
            ask()


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a")])
def test_a_file_is_no_folder_of_another(folder: NodeFolder, names: tuple[str, str]) -> None:
    files = [left(name, name.encode()) for name in names]
    for file in files:
        folder.put(file.sha256, 0, file.size, file.name.encode())
    with pytest.raises(UsageError, match=f"'{names[1]}' cannot be put in the work directory"):
        folder.end(files, {}, None)


@pytest.mark.parametrize(
    "name",
    [
        *("../x", "/x", "a//b", ".", "", "a/../../x", "x\0", "d/" * 200),
        pytest.param("x" * 256, id="long"),
        pytest.param("\ud800", id="surrogate"),
    ],
)
def test_no_file_is_put_outside_of_the_work_directory(folder: NodeFolder, name: str) -> None:
    with pytest.raises(UsageError, match="no file that a job can have left"):
        folder.missing([left(name)])


def test_no_link_in_the_folder_leads_out_of_it(folder: NodeFolder, tmp_path: Path) -> None:
    (tmp_path / "job" / "work").symlink_to(tmp_path)
    file = left("x")
    folder.put(file.sha256, 0, file.size, CONTENT)
    with pytest.raises(UsageError, match="no link leads there"):
        folder.end([file], {}, None)
    assert not (tmp_path / "x").exists()


def test_why_nothing_started_is_where_the_engine_looks(folder: NodeFolder, tmp_path: Path) -> None:
    folder.end([], {}, "there is no Python 3.11 on the PATH of this node")
    assert (tmp_path / "job" / "slurm.out").read_text().startswith("there is no Python")
    record = read_record(str(tmp_path / "job" / "exit.json"))
    assert record == {"status": 1, "signal": None, "attempt": 1}


def test_marks_and_the_wish_to_stop_pass_through(folder: NodeFolder, tmp_path: Path) -> None:
    folder.mark({"timeout_s": 3, "attempt": 7})
    assert read_record(str(tmp_path / "job" / "marks.json")) == {"timeout_s": 3, "attempt": 1}
    assert not folder.is_to_stop()
    os.close(os.open(tmp_path / "job" / "stop", os.O_CREAT))
    assert folder.is_to_stop()
