"""Builds tried again with what they looked for, and errors that name what is wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree

from park.build.cache import Cache
from park.build.tree.hashing import Snapshot, take_snapshot
from park.build.tree.trial import explained, tried
from park.errors import BuildFailed, LocalSetError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"VERSION": "1", "NOTICE": "2", "film/pyproject.toml": ""}
    return write_tree(tmp_path / "mono", files) / "film"


def failure(*sought: str, message: str = "no such file") -> BuildFailed:
    return BuildFailed(message, details={"sought": list(sought)})


def test_it_is_tried_until_it_has_what_it_reads(root: Path, cache: Cache) -> None:
    def ask(snapshot: Snapshot) -> list[str]:
        given = [file.path for file in snapshot.files]
        for path in ("../VERSION", "../NOTICE"):
            if path not in given:
                raise failure(path)
        return given

    assert tried(root, ask, cache=cache) == ["../NOTICE", "../VERSION", "pyproject.toml"]


@pytest.mark.parametrize("sought", ["../gone", "pyproject.toml"])
def test_what_is_nowhere_or_given_already_is_no_reason(
    root: Path, cache: Cache, sought: str
) -> None:
    asked = []

    def ask(snapshot: Snapshot) -> None:
        asked.append(snapshot)
        raise failure(sought)

    with pytest.raises(BuildFailed, match="no such file"):
        tried(root, ask, cache=cache)
    assert len(asked) == 1


def test_when_the_version_is_settled_it_has_to_be_run_again(root: Path, cache: Cache) -> None:
    snapshot = take_snapshot(root, cache=cache)
    error = explained(failure("../VERSION"), snapshot, cache=cache)
    assert isinstance(error, LocalSetError)
    assert "run it again" in str(error.hint)
    again = take_snapshot(root, cache=cache)
    assert "../VERSION" in {file.path for file in again.files}
    assert again.content_hash != snapshot.content_hash


def test_links_are_named_that_the_build_speaks_of(root: Path, cache: Cache) -> None:
    for name, target in (("gone", "/nowhere"), ("loop", "."), ("other", "nothing")):
        (root / name).symlink_to(target)
    failed = failure(message="cannot open gone, nor loop")
    error = explained(failed, take_snapshot(root, cache=cache), cache=cache)
    assert isinstance(error, BuildFailed)
    assert "the symbolic link gone leads nowhere: to /nowhere" in error.message
    assert "the symbolic link loop leads to a folder that it is in" in error.message
    assert "other" not in error.message


def test_files_are_named_whose_names_no_wheel_can_hold(root: Path, cache: Cache) -> None:
    (root / os.fsdecode(b"caf\xe9.dat")).write_text("")
    snapshot = take_snapshot(root, cache=cache)
    said = "UnicodeEncodeError: 'utf-8' codec can't encode character: surrogates not allowed"
    failed = BuildFailed(f"could not build\nTraceback\n{said}", details={"output": said})
    error = explained(failed, snapshot, cache=cache)
    assert str(error).splitlines()[:1] == ["could not build"]
    assert "the tree has 'caf\\udce9.dat': a name that is not UTF-8" in str(error)
