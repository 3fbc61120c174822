"""What files take on the disk, as it is: blocks, no links, and nothing that has gone."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.faults.deep_folders import deep_folders

from park_server.retention.sizes_on_disk import (
    are_on_one_disk,
    entries_below,
    files_below,
    free_below,
    free_inodes,
    once_each,
    size_below,
    usual_inode_reserve,
    usual_reserve,
)
from park_server.untrusted import remove_if_possible


def test_blocks_are_counted_and_not_lengths(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "full").write_bytes(bytes(100_000))
    os.sync()
    assert 100_000 <= size_below(tmp_path) < 1 << 20


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("x")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "way").symlink_to(tmp_path / "outside")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside" / "file")
    os.mkfifo(tmp_path / "inside" / "pipe")
    assert list(files_below(tmp_path / "inside")) == []


def test_what_goes_meanwhile_is_left_out(tmp_path: Path) -> None:
    for name in ("a", "b", "c/d"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_text("x")
    found = files_below(tmp_path)
    next(found)
    for name in ("a", "b", "c"):
        shutil.rmtree(tmp_path / name)
    assert list(found) == []
    assert list(files_below(tmp_path / "absent")) == []


def test_what_is_deeper_than_a_path_reaches_is_counted(tmp_path: Path) -> None:
    """Whoever writes there must not hide by depth what it takes."""
    (tmp_path / "deep").mkdir()
    deep_folders(tmp_path / "deep", 1_500, bytes(100_000))
    os.sync()
    assert size_below(tmp_path) >= 100_000
    remove_if_possible(tmp_path / "deep")  # too deep for what tidies up after tests


def test_where_folders_are_moved_meanwhile_the_others_are_still_found(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}" / "in" / "er").mkdir(parents=True)
        (tmp_path / f"{number}" / "in" / "er" / "file").write_text("x")
    found = files_below(tmp_path)
    met = set()
    for each in found:
        met.add(each.st_ino)
        for number in range(3):
            with suppress(FileNotFoundError):
                (tmp_path / f"{number}" / "in" / "er").rename(tmp_path / f"away{number}")
    assert met


def test_a_file_with_several_names_counts_once(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(bytes(100_000))
    os.link(tmp_path / "one", tmp_path / "two")
    assert len(list(files_below(tmp_path))) == 2
    assert len(list(once_each(files_below(tmp_path)))) == 1


def test_what_is_on_one_disk_is_known(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert are_on_one_disk(tmp_path, tmp_path / "a")
    assert not are_on_one_disk(tmp_path, Path("/proc"))
    assert not are_on_one_disk(tmp_path / "absent", tmp_path)


@pytest.mark.parametrize(("total", "reserve"), [(5_000, 50), (1 << 40, 1 << 30)])
def test_a_hundredth_stays_free_and_a_gib_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: int, reserve: int
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=total, free=7))
    assert usual_reserve(tmp_path) == reserve
    assert free_below(tmp_path) == 7


def test_whatever_takes_an_inode_is_an_entry(tmp_path: Path) -> None:
    (tmp_path / "folder" / "in").mkdir(parents=True)
    (tmp_path / "folder" / "file").write_bytes(b"")
    (tmp_path / "folder" / "again").hardlink_to(tmp_path / "folder" / "file")
    (tmp_path / "folder" / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "folder" / "in" / "pipe")
    found = list(once_each(entries_below(tmp_path)))
    assert len({each.st_ino for each in found}) == len(found) == 5
    assert list(entries_below(tmp_path / "absent")) == []


@pytest.mark.parametrize(
    ("disk", "free", "reserve"),
    [
        (SimpleNamespace(f_files=5_000, f_favail=7), 7, 50),
        (SimpleNamespace(f_files=1 << 40, f_favail=9), 9, 20_000),
        (SimpleNamespace(f_files=0, f_favail=0), sys.maxsize, 0),
    ],
)
def test_a_hundredth_of_the_inodes_stays_free_where_a_file_system_has_a_number_of_them(
    monkeypatch: pytest.MonkeyPatch, disk: SimpleNamespace, free: int, reserve: int
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: disk)
    assert free_inodes(Path("/home")) == free
    assert usual_inode_reserve(Path("/home")) == reserve
