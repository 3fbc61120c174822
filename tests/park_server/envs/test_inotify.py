"""The kernel tells which trees were touched; where it cannot, they are not watched."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from park_server.envs import inotify
from park_server.envs.inotify import NoWatch, TreeWatch, best_watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@pytest.fixture
def watch() -> Iterator[TreeWatch]:
    made = TreeWatch()
    yield made
    made.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "file").write_text("text")
    return tmp_path / "tree"


CHANGES: dict[str, Callable[[Path], object]] = {
    "write": lambda tree: (tree / "deep" / "file").write_text("other"),
    "mode": lambda tree: (tree / "deep" / "file").chmod(0o600),
    "new": lambda tree: (tree / "new").write_text(""),
    "removed": lambda tree: (tree / "deep" / "file").unlink(),
    "moved": lambda tree: (tree / "deep").rename(tree / "moved"),
    "root": lambda tree: tree.rename(tree.with_name("elsewhere")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_is_told_once(
    watch: TreeWatch, tree: Path, change: Callable[[Path], object]
) -> None:
    assert watch.watch("tree", tree)
    assert watch.touched() == set()
    change(tree)
    assert watch.touched() == {"tree"}
    (tree.parent / "tree").mkdir(exist_ok=True)
    (tree / "more").write_text("")
    assert watch.touched() == set()  # what was touched is watched no longer


def test_reading_is_no_change(watch: TreeWatch, tree: Path) -> None:
    assert watch.watch("tree", tree)
    (tree / "deep" / "file").read_text()
    list(tree.iterdir())
    assert watch.touched() == set()


def test_only_what_was_touched_is_told(watch: TreeWatch, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert watch.watch("tree", tree)
    assert watch.watch("other", tmp_path / "other")
    (tmp_path / "other" / "file").write_text("")
    assert watch.touched() == {"other"}
    (tree / "file").write_text("")
    assert watch.touched() == {"tree"}


def test_what_is_watched_anew_has_no_past(watch: TreeWatch, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert watch.watch("tree", tree)
    assert watch.watch("tree", tmp_path / "other")
    (tree / "new").write_text("")
    assert watch.touched() == set()
    (tmp_path / "other" / "new").write_text("")
    assert watch.touched() == {"tree"}


def test_a_machine_without_instances_compares_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> TreeWatch:
        raise OSError

    with_inotify = best_watch()
    assert isinstance(with_inotify, TreeWatch)
    with_inotify.close()
    monkeypatch.setattr(inotify, "TreeWatch", refuse)
    assert isinstance(best_watch(), NoWatch)


def test_who_watches_nothing_says_so(tree: Path) -> None:
    nothing = NoWatch()
    assert not nothing.watch("tree", tree)
    assert nothing.touched() == set()


def test_where_the_kernel_gives_no_more_watches_the_tree_is_not_watched(
    watch: TreeWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch._libc, "inotify_add_watch", lambda *_: -1)

    assert not watch.watch("tree", tmp_path)


def test_a_tree_that_is_gone_is_not_watched(watch: TreeWatch, tmp_path: Path) -> None:
    assert not watch.watch("tree", tmp_path / "absent")


def test_after_an_overflow_everything_counts_as_touched(
    watch: TreeWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert watch.watch(name, tmp_path / name)
    overflow = [struct.pack("iIII", -1, 0x4000, 0, 0)]
    really_read = os.read

    def read(descriptor: int, count: int) -> bytes:
        if descriptor != watch._descriptor:  # another thread's business
            return really_read(descriptor, count)
        if overflow:
            return overflow.pop()
        raise BlockingIOError

    monkeypatch.setattr(os, "read", read)

    assert watch.touched() == {"one", "two"}
    assert watch.touched() == set()
