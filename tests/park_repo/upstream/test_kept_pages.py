"""`park_repo.upstream.kept_pages`: pages that outlast the process, whole, and not too many."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from packaging.utils import NormalizedName

from park_repo.upstream import kept_pages
from park_repo.upstream.kept_pages import KeptPage, KeptPages

if TYPE_CHECKING:
    from pathlib import Path

    from park_repo.simple import Document

URL = "https://mirror.example/simple/"
DEMO, OTHER, THIRD = map(NormalizedName, ("demo", "other", "third"))
PAGE: Document = {"name": "demo", "files": [{"filename": "größe.whl", "url": "https://x/\ud800"}]}


def test_a_page_is_there_for_the_next_process_and_for_this_index_alone(tmp_path: Path) -> None:
    KeptPages(tmp_path, URL).write(DEMO, PAGE, '"1"')
    found = KeptPages(tmp_path, URL).read(DEMO)
    assert found is not None
    assert found == KeptPage(document=PAGE, etag='"1"', size=found.size)
    assert KeptPages(tmp_path, "https://other.example/").read(DEMO) is None
    (path,) = tmp_path.glob("*/*")
    assert [stat.S_IMODE(p.stat().st_mode) & 0o077 for p in (path, path.parent)] == [0, 0]


@pytest.mark.parametrize("name", ["a" * 500, "\0", "\ud800", "../x"])
def test_whatever_people_ask_for_is_the_name_of_a_file(tmp_path: Path, name: str) -> None:
    pages = KeptPages(tmp_path, URL)
    pages.write(NormalizedName(name), PAGE, None)
    assert pages.read(NormalizedName(name)) is not None
    pages.forget(NormalizedName(name))
    assert pages.read(NormalizedName(name)) is None


def test_what_is_not_there_any_more_is_not_kept(tmp_path: Path) -> None:
    pages = KeptPages(tmp_path, URL)
    pages.write(DEMO, PAGE, None)
    pages.forget(DEMO)
    pages.forget(DEMO)
    assert pages.read(DEMO) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"0\n{}"])
def test_a_page_that_was_changed_is_none(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    pages = KeptPages(tmp_path, URL)
    pages.write(DEMO, PAGE, None)
    (path,) = tmp_path.glob("*/*")
    path.write_bytes(content)
    assert pages.read(DEMO) is None
    assert "the kept page of demo does not have its SHA-256" in caplog.text


def test_what_was_read_longest_ago_makes_room_and_leftovers_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large: Document = {"name": "n", "files": ["x" * 1000]}
    KeptPages(tmp_path, URL).write(DEMO, large, None)
    (path,) = tmp_path.glob("*/*")
    os.utime(path, ns=(1, 1))
    (path.parent / ".unfinished-1").touch()
    monkeypatch.setattr(kept_pages, "_MOST_BYTES", 2_500)
    pages = KeptPages(tmp_path, URL)
    for name in (OTHER, OTHER, THIRD):
        pages.write(name, large, None)
    assert [pages.read(name) is None for name in (DEMO, OTHER, THIRD)] == [True, False, False]
    assert len(list(path.parent.iterdir())) == 2


def test_a_disk_that_takes_nothing_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pages = KeptPages(tmp_path, URL)
    (folder,) = tmp_path.iterdir()
    folder.rmdir()
    pages.write(DEMO, PAGE, None)
    assert "the page of demo is not kept" in caplog.text
