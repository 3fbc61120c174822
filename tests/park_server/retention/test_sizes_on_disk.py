"""What files take on the disk, as it is: blocks, no links, and nothing that has gone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from park_server.retention.sizes_on_disk import files_below, free_below, size_below, usual_reserve


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


def test_what_goes_meanwhile_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    scandir = os.scandir

    def scan(path: str | int) -> object:
        if path == str(tmp_path / "a"):
            shutil.rmtree(tmp_path / "a", ignore_errors=True)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scan)
    assert len(list(files_below(tmp_path))) == 1
    assert list(files_below(tmp_path / "absent")) == []


@pytest.mark.parametrize(("total", "reserve"), [(5_000, 50), (1 << 40, 1 << 30)])
def test_a_hundredth_stays_free_and_a_gib_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: int, reserve: int
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=total, free=7))
    assert usual_reserve(tmp_path) == reserve
    assert free_below(tmp_path) == 7
