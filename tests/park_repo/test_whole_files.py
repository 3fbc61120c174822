"""Whether files still are what their digests say."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from park_repo import durable, whole_files
from park_repo.whole_files import WholeFiles

if TYPE_CHECKING:
    from pathlib import Path

DATA = b"q R\n"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / SHA256).write_bytes(DATA)
    return tmp_path / SHA256


def test_a_look_is_enough_once_it_was_seen_whole(tmp_path: Path, file: Path) -> None:
    whole = WholeFiles(tmp_path / "quarantine")
    assert not whole.looks_whole(file)
    assert whole.is_whole(file, SHA256)
    assert whole.looks_whole(file)


def test_every_write_shows(tmp_path: Path, file: Path) -> None:
    whole = WholeFiles(tmp_path / "quarantine")
    assert whole.is_whole(file, SHA256)
    before = file.stat()
    file.write_bytes(b"X" * len(DATA))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not whole.looks_whole(file)
    assert not whole.is_whole(file, SHA256)
    assert whole.was_damaged(SHA256)
    assert [each.read_bytes() for each in (tmp_path / "quarantine").iterdir()] == [b"X" * len(DATA)]


def test_what_is_absent_is_not_whole_and_was_not_damaged(tmp_path: Path) -> None:
    whole = WholeFiles(tmp_path / "quarantine")
    assert not whole.is_whole(tmp_path / SHA256, SHA256)
    assert not whole.was_damaged(SHA256)


def test_what_is_remembered_has_a_limit(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_files, "_MOST_REMEMBERED", 1)
    whole = WholeFiles(tmp_path / "quarantine")
    (tmp_path / "other").write_bytes(DATA)
    for path in (file, tmp_path / "other"):
        whole.is_whole(path, SHA256)
    assert not whole.looks_whole(file)
    assert whole.looks_whole(tmp_path / "other")


def test_files_and_folders_are_flushed_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    monkeypatch.setattr("os.fsync", flushed.append)
    paths = [tmp_path / str(number) for number in range(30)]
    for path in paths:
        path.write_bytes(DATA)
    durable.sync_all([tmp_path, paths[0]])
    assert len(flushed) == 2
    durable.sync_all(paths)
    assert len(flushed) == 2, "syncfs(2) takes them all"
    monkeypatch.setattr(durable, "_synced_file_system", lambda _: False)
    durable.sync_all(paths)
    assert len(flushed) == 32
