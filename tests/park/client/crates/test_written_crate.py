"""Crates on their way to disk."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from support.material.crates import small_crate

from park.client.crates.crate_records import ABOUT, METADATA
from park.errors import UsageError


def test_the_same_content_is_the_same_archive(tmp_path: Path) -> None:
    for name in ("one", "other"):
        small_crate(tmp_path / f"{name} files", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_its_description_comes_first(tmp_path: Path) -> None:
    record = small_crate(tmp_path / "files", tmp_path / "crate")
    with zipfile.ZipFile(tmp_path / "crate") as archive:
        names = archive.namelist()
        assert names == [METADATA, ABOUT, *(each.path for each in record.files)]
        assert archive.testzip() is None


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        small_crate(tmp_path / "files", tmp_path / "nowhere" / "crate")
    (tmp_path / "files" / "sub").mkdir()
    (tmp_path / "taken").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        small_crate(tmp_path / "files", tmp_path / "taken")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
