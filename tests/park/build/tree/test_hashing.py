from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.material.projects import write_tree

from park.build.cache import Cache
from park.build.tree import hashing
from park.build.tree.hashing import HashedFile, content_hash, is_settled, take_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from park.build.tree.tree_file import Signature, TreeFile

HOUR_NS = 3_600_000_000_000


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree", {"setup.py": "", "m.py": "SLD = 2.0\n"})


def later() -> int:
    """Tell a time at which every file is settled, as after a coffee."""
    return time.time_ns() + HOUR_NS


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the files that were read to be hashed."""
    digest = hashing._digest
    paths: list[str] = []

    def spy(file: TreeFile) -> str:
        paths.append(file.path)
        return digest(file)

    monkeypatch.setattr(hashing, "_digest", spy)
    return paths


def test_an_unchanged_tree_is_not_read_again(tree: Path, cache: Cache, read: list[str]) -> None:
    first = take_snapshot(tree, cache=cache, clock=later)
    assert read == ["m.py", "setup.py"]
    assert take_snapshot(tree, cache=cache, clock=later) == first
    assert read == ["m.py", "setup.py"]


def test_a_file_that_was_just_written_is_read_again(
    tree: Path, cache: Cache, read: list[str]
) -> None:
    take_snapshot(tree, cache=cache)
    take_snapshot(tree, cache=cache)
    assert read == ["m.py", "setup.py", "m.py", "setup.py"]


def test_a_same_size_edit_within_a_tick_is_seen(
    tree: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a clock so coarse that both writes fall into one tick: all signatures are equal
    tick = time.time_ns()

    def in_one_tick(status: os.stat_result) -> Signature:
        return (status.st_size, tick, tick, 0, 0)

    monkeypatch.setattr("park.build.tree.visible.signature_of", in_one_tick)
    monkeypatch.setattr("park.build.tree.hashing.signature_of", in_one_tick)
    before = take_snapshot(tree, cache=cache).content_hash
    (tree / "m.py").write_text("SLD = 3.0\n")
    assert take_snapshot(tree, cache=cache).content_hash != before


def test_a_same_size_edit_with_its_mtime_set_back_is_seen(tree: Path, cache: Cache) -> None:
    file = tree / "m.py"
    status = file.stat()
    before = take_snapshot(tree, cache=cache, clock=later).content_hash
    with file.open("r+") as stream:  # in place: the inode stays
        stream.write("SLD = 3.0\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_mtime_ns == status.st_mtime_ns
    assert take_snapshot(tree, cache=cache, clock=later).content_hash != before


def test_an_undone_edit_gives_the_old_hash(tree: Path, cache: Cache) -> None:
    before = take_snapshot(tree, cache=cache, clock=later).content_hash
    (tree / "m.py").write_text("SLD = 3.0\n")
    assert take_snapshot(tree, cache=cache, clock=later).content_hash != before
    (tree / "m.py").write_text("SLD = 2.0\n")
    assert take_snapshot(tree, cache=cache, clock=later).content_hash == before


@pytest.mark.parametrize("damage", ["", "[]", "{", "null", "\x00"])
def test_a_damaged_cache_costs_a_hashing_only(tree: Path, cache: Cache, damage: str) -> None:
    first = take_snapshot(tree, cache=cache, clock=later)
    (store,) = cache.hashes.iterdir()
    store.write_text(damage)
    assert take_snapshot(tree, cache=cache, clock=later) == first


def test_rename_mode_and_content_each_change_the_hash() -> None:
    files = [HashedFile("a", "", False, "0" * 64), HashedFile("b", "", False, "1" * 64)]
    variants = [
        files,
        [files[0]],
        [files[0], files[1]._replace(path="c")],
        [files[0], files[1]._replace(executable=True)],
        [files[0], files[1]._replace(sha256="2" * 64)],
        [files[0]._replace(sha256="1" * 64), files[1]._replace(sha256="0" * 64)],
    ]
    assert len({content_hash(variant) for variant in variants}) == len(variants)
    assert content_hash(reversed(files)) == content_hash(files)
    assert content_hash([files[0]._replace(source="/elsewhere"), files[1]]) == content_hash(files)


@given(mtime=st.integers(0, 10**19), ctime=st.integers(0, 10**19), now=st.integers(0, 10**19))
def test_settled_means_older_than_any_tick(mtime: int, ctime: int, now: int) -> None:
    settled = is_settled((1, mtime, ctime, 1, 1), now)
    assert settled == (now - mtime > 2 * 10**9 and now - ctime > 2 * 10**9)


def test_a_tree_with_the_cache_in_it_stays_as_it_is(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "film", {"pyproject.toml": "", "film.py": ""})
    cache = Cache(root=root / "cache")
    first, second = (take_snapshot(root, cache=cache) for _ in range(2))
    assert cache.hashes.exists()
    assert first.content_hash == second.content_hash


def test_much_that_is_to_be_read_is_said_and_little_is_not(
    tree: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    take_snapshot(tree, cache=cache, progress=said.append)
    assert said == []
    monkeypatch.setattr(hashing, "_MUCH", 1 << 20)
    with (tree / "scan.bin").open("wb") as scan:
        scan.truncate(3 << 20)
    take_snapshot(tree, cache=cache, clock=later, progress=said.append)
    take_snapshot(tree, cache=cache, clock=later, progress=said.append)
    assert said == [f"reading 3 files of {tree}, 3.0 MiB"]
