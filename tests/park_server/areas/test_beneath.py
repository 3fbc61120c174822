"""Files below a folder that is never left: opened, listed, received, put and removed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from park_server.areas import beneath


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "base" / "data").mkdir(parents=True)
    (tmp_path / "base" / "data" / "run.refl").write_text("12")
    (tmp_path / "outside").mkdir()
    return tmp_path / "base"


def test_a_regular_file_is_opened(base: Path) -> None:
    descriptor = beneath.open_file(base, ["data"], "run.refl")
    assert os.read(descriptor, 9) == b"12"
    os.close(descriptor)


def test_nothing_else_is_opened(base: Path) -> None:
    os.mkfifo(base / "pipe")
    (base / "link").symlink_to(base / "data" / "run.refl")
    (base / "way").symlink_to(base / "data")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (names alone)
    for parent, name in (([], "pipe"), ([], "link"), ([], "data"), (["way"], "run.refl")):
        with pytest.raises(OSError, match=r"regular file|symbolic link|directory"):
            beneath.open_file(base, parent, name)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 (names alone)


def test_a_folder_is_listed_by_name_with_what_each_is(base: Path) -> None:
    os.mkfifo(base / "pipe")
    (base / "link").symlink_to("/etc")
    (base / "b.txt").write_text("123")
    os.utime(base / "b.txt", (0, 0))
    found = list(beneath.entries(base, []))
    assert [(each.name, each.kind, each.size) for each in found] == [
        ("b.txt", "file", 3),
        ("data", "folder", 0),
        ("link", "link", 0),
        ("pipe", "other", 0),
    ]
    assert found[0].modified.startswith("1970-01-01T00:00:00")


async def stream(*parts: bytes, breaks: bool = False) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if breaks:
        raise ConnectionResetError


def test_a_stream_is_received_whole_or_not_at_all(tmp_path: Path) -> None:
    received = asyncio.run(beneath.receive(tmp_path, stream(b"12", b"3")))
    assert received.read_bytes() == b"123"
    with pytest.raises(ConnectionResetError):
        asyncio.run(beneath.receive(tmp_path, stream(b"12", breaks=True)))
    assert list(tmp_path.iterdir()) == [received]


def test_a_file_takes_its_place_and_makes_its_folders(base: Path, tmp_path: Path) -> None:
    for text in ("first", "second"):
        (tmp_path / "new").write_text(text)
        beneath.place_file(tmp_path / "new", base, ["a", "b"], "out.txt")
        assert (base / "a" / "b" / "out.txt").read_text() == text
    (tmp_path / "new").write_text("third")
    with pytest.raises(IsADirectoryError):
        beneath.place_file(tmp_path / "new", base, ["a"], "b")


def test_nothing_is_put_through_a_link(base: Path, tmp_path: Path) -> None:
    (base / "way").symlink_to(tmp_path / "outside")
    (tmp_path / "new").write_text("text")
    with pytest.raises(OSError, match=r"directory|symbolic link"):
        beneath.place_file(tmp_path / "new", base, ["way"], "out.txt")
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_folder_is_removed_with_its_content_where_that_is_said(base: Path) -> None:
    with pytest.raises(OSError, match="not empty"):
        beneath.remove(base, [], "data", recursive=False)
    beneath.remove(base, [], "data", recursive=True)
    (base / "empty").mkdir()
    beneath.remove(base, [], "empty", recursive=False)
    assert list(base.iterdir()) == []


def test_of_a_link_only_the_link_is_removed(base: Path, tmp_path: Path) -> None:
    (base / "way").symlink_to(tmp_path / "outside")
    beneath.remove(base, [], "way", recursive=True)
    assert not (base / "way").is_symlink()
    assert (tmp_path / "outside").is_dir()
