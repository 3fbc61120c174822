"""A wheel that an edit is put into, and what keeps that from being done."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree
from support.material.wheels import make_wheel

from park.build.cache import Cache
from park.build.patching.last_wheel import patched_wheel, remember_wheel
from park.build.retag import retag
from park.build.tree.hashing import take_snapshot
from park.errors import LocalSetError

if TYPE_CHECKING:
    from pathlib import Path

    from park.build.tree.hashing import Snapshot

TERMS = "python, backend, version"
PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "film"
version = "1"
"""


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    modules = {"film/__init__.py": "", "film/model.py": "SLD = 2.0\n"}
    return write_tree(tmp_path / "tree", {"pyproject.toml": PYPROJECT, **modules})


def built(snapshot: Snapshot, folder: Path, version: str) -> Path:
    """Return what a backend makes that copies, under ``version``."""
    files = {f.path: (snapshot.root / f.path).read_bytes() for f in snapshot.files}
    del files["pyproject.toml"]
    raw = make_wheel(folder / "raw", "film", "1", files=files)
    folder.joinpath("out").mkdir()
    return retag(raw, version, folder / "out")


@pytest.fixture
def wheel(root: Path, cache: Cache, tmp_path: Path) -> Path:
    """Build the wheel of the tree, and have it remembered."""
    snapshot = take_snapshot(root, cache=cache)
    wheel = built(snapshot, tmp_path / "first", "1+t1")
    remember_wheel(wheel, snapshot, TERMS, cache=cache)
    return wheel


@pytest.fixture
def edited(root: Path, cache: Cache, wheel: Path) -> Snapshot:
    assert wheel.exists()
    (root / "film/model.py").write_text("SLD = 3.0\n")
    return take_snapshot(root, cache=cache)


def patched(snapshot: Snapshot, cache: Cache, folder: Path, terms: str = TERMS) -> Path | None:
    output = folder / "patched"
    output.mkdir()
    return patched_wheel(snapshot, terms, "1+t2", output, cache=cache)


def test_it_is_byte_for_byte_what_a_build_makes(
    edited: Snapshot, cache: Cache, tmp_path: Path
) -> None:
    wheel = patched(edited, cache, tmp_path)
    assert wheel is not None
    again = built(edited, tmp_path / "again", "1+t2")
    assert (wheel.name, wheel.read_bytes()) == (again.name, again.read_bytes())
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("film/model.py") == b"SLD = 3.0\n"


def test_a_tree_that_was_never_built(root: Path, cache: Cache, tmp_path: Path) -> None:
    assert patched(take_snapshot(root, cache=cache), cache, tmp_path) is None


def test_another_backend_decides_anew(edited: Snapshot, cache: Cache, tmp_path: Path) -> None:
    assert patched(edited, cache, tmp_path, "another hatchling") is None


def test_a_wheel_that_was_evicted(
    edited: Snapshot, wheel: Path, cache: Cache, tmp_path: Path
) -> None:
    wheel.unlink()
    assert patched(edited, cache, tmp_path) is None


@pytest.mark.parametrize("text", [b"Generator: park-tests", b"film/model.py,sha256"])
def test_a_wheel_that_was_damaged(
    text: bytes, edited: Snapshot, wheel: Path, cache: Cache, tmp_path: Path
) -> None:
    content = wheel.read_bytes()
    assert text in content
    wheel.write_bytes(content.replace(text, bytes(len(text))))
    assert patched(edited, cache, tmp_path) is None
    assert list((tmp_path / "patched").iterdir()) == []


def test_a_file_that_changes_meanwhile(
    edited: Snapshot, root: Path, cache: Cache, tmp_path: Path
) -> None:
    (root / "film/model.py").write_text("SLD = 4.0\n")
    with pytest.raises(LocalSetError, match="changed while its project was being built"):
        patched(edited, cache, tmp_path)


def test_of_a_wheel_that_is_compiled_nothing_is_remembered(
    root: Path, cache: Cache, wheel: Path, tmp_path: Path
) -> None:
    snapshot = take_snapshot(root, cache=cache)
    compiled = wheel.rename(wheel.with_name("film-1+t1-cp311-cp311-linux_x86_64.whl"))
    remembered = next(cache.last_wheels.iterdir())
    remembered.unlink()
    remember_wheel(compiled, snapshot, TERMS, cache=cache)
    assert not remembered.exists()
    assert patched(snapshot, cache, tmp_path) is None


def test_a_memory_that_is_damaged(edited: Snapshot, cache: Cache, tmp_path: Path) -> None:
    next(cache.last_wheels.iterdir()).write_text("{")
    assert patched(edited, cache, tmp_path) is None
