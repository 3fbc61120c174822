"""What jobs leave: kept by content, whatever stands beside it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from park.model.ids import JobId
from park.wire import FileRecord
from park_server import untrusted
from park_server.content import ContentStore
from park_server.jobs.files import left_files
from park_server.untrusted import TooMuch

DATA = b"q R dR dq\n"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "files")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def collected(work: Path, store: ContentStore) -> tuple[tuple[FileRecord, ...], list[str]]:
    with untrusted.folder(work, []) as top:
        return left_files.collect(top, store)


def test_files_are_collected_by_name_and_stay(work: Path, store: ContentStore) -> None:
    (work / "plots").mkdir()
    for name, data in (("run.txt", DATA), ("plots/same.txt", DATA), ("empty", b"")):
        (work / name).write_bytes(data)
    records, left_out = collected(work, store)
    assert left_out == []
    assert [record.name for record in records] == ["empty", "plots/same.txt", "run.txt"]
    assert records[1].sha256 == records[2].sha256 == SHA256
    assert records[2].size == len(DATA)
    assert store.path_of(SHA256).read_bytes() == DATA
    assert (work / "run.txt").exists(), "a crash before the commit must not lose it"


def test_what_is_written_afterwards_is_not_in_it(work: Path, store: ContentStore) -> None:
    (work / "log").write_bytes(DATA)
    with (work / "log").open("ab") as child:
        (record,), _ = collected(work, store)
        child.write(b"SECOND")
    assert store.path_of(record.sha256).read_bytes() == DATA
    assert store.path_of(record.sha256).stat().st_nlink == 1


def test_what_is_no_plain_file_is_left_out_and_said(
    work: Path, store: ContentStore, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("token")
    (work / "link").symlink_to(tmp_path / "secret")
    (work / "folder").symlink_to("/etc")
    os.link(tmp_path / "secret", work / "hard")
    os.mkfifo(work / "pipe")
    (work / "run.txt").write_bytes(DATA)
    records, left_out = collected(work, store)
    assert [record.name for record in records] == ["run.txt"]
    assert left_out == [
        "'folder' is a symbolic link",
        "'hard' is a hard link to a file that is elsewhere, too",
        "'link' is a symbolic link",
        "'pipe' is a named pipe",
    ]
    assert (tmp_path / "secret").stat().st_mode & 0o777 != 0o400


def test_a_file_of_zeros_that_no_disk_has_is_left_out(work: Path, store: ContentStore) -> None:
    with (work / "huge").open("wb") as file:
        file.truncate(8 << 40)
    assert collected(work, store) == ((), ["'huge' is larger than the disk of the service"])


def test_holes_are_kept_up_to_a_limit_of_all_files_together(
    work: Path, store: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them is smaller than the disk, and all of them would be read for days."""
    monkeypatch.setattr(left_files, "MOST_HOLES", 5 << 20)
    for name in ("a", "b", "c"):
        with (work / name).open("wb") as file:
            file.truncate(2 << 20)
    with (work / "d").open("wb") as file:  # larger, and without a hole
        file.write(bytes(range(256)) * 40_000)
        os.fsync(file.fileno())  # a file system may give room to a file when that is written
    kept, left_out = collected(work, store)
    assert [file.name for file in kept] == ["a", "b", "d"]
    assert left_out == ["'c' is mostly holes: a job may leave 5,242,880 bytes that no disk has"]


def test_more_than_the_limit_is_told(
    work: Path, store: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_files, "MOST_FILES", 3)
    for number in range(4):
        (work / str(number)).write_text("")
    with pytest.raises(TooMuch, match="more than 3 files"):
        collected(work, store)


def test_a_name_in_latin_1_is_kept_as_it_is(work: Path, store: ContentStore) -> None:
    Path(os.fsdecode(os.fsencode(work) + b"/M\xe4ssung.dat")).write_bytes(DATA)
    (record,), _ = collected(work, store)
    assert os.fsencode(record.name) == b"M\xe4ssung.dat"


def test_what_is_left_out_is_told_in_the_standard_error(tmp_path: Path) -> None:
    (tmp_path / "stderr").write_text("warning\n")
    lines = ["'M\udce4' is a named pipe", *["more"] * 50]
    with untrusted.folder(tmp_path, []) as inside:
        left_files.tell(inside, JobId("a"), lines)
    said = (tmp_path / "stderr").read_text().splitlines()
    assert said[:2] == ["warning", r"park: not kept: 'M\udce4' is a named pipe"]
    assert said[-1] == "park: not kept: 31 more"


def test_a_standard_error_that_is_a_link_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("token")
    (tmp_path / "stderr").symlink_to("secret")
    with untrusted.folder(tmp_path, []) as inside:
        left_files.tell(inside, JobId("a"), ["a line"])
    assert (tmp_path / "secret").read_text() == "token"
