"""What no build sees, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.material.projects import write_tree

from park.build.cache import CACHE_SIGNATURE
from park.build.tree.left_out import left_out

if TYPE_CHECKING:
    from pathlib import Path

SEEN = {"pyproject.toml": "", "film/__init__.py": "", "film/build/wheel.py": ""}


def reasons(root: Path, seen: dict[str, str]) -> dict[str, str]:
    return {entry.path: entry.reason for entry in left_out(root, seen)}


def test_what_is_seen_is_not_left_out(tmp_path: Path) -> None:
    assert reasons(write_tree(tmp_path, SEEN), SEEN) == {}


def test_each_has_its_reason(tmp_path: Path) -> None:
    others = {
        "film/notes.txt": "",
        "film/__init__.pyc": "",
        "film/__pycache__/a.pyc": "",
        "build/lib/film.py": "",
        "env/pyvenv.cfg": "",
        "env/bin/python": "",
        "results/a.txt": "",
        "conda/conda-meta/history": "",
        "target/CACHEDIR.TAG": CACHE_SIGNATURE.decode(),
    }
    assert reasons(write_tree(tmp_path, {**SEEN, **others}), SEEN) == {
        "film/notes.txt": "ignored by git",
        "film/__init__.pyc": "never part of a project",
        "film/__pycache__/": "never part of a project",
        "build/": "output of a build",
        "env/": "a virtual environment",
        "results/": "ignored by git",
        "conda/": "a virtual environment",
        "target/": "a cache",
    }


def test_folders_of_version_control_and_those_without_files_are_not_mentioned(
    tmp_path: Path,
) -> None:
    write_tree(tmp_path, {**SEEN, ".git/config": "", "film/.svn/entries": ""})
    (tmp_path / "empty" / "more").mkdir(parents=True)
    assert reasons(tmp_path, SEEN) == {}


def test_they_are_sorted_by_their_paths(tmp_path: Path) -> None:
    write_tree(tmp_path, {"b.txt": "", "a/c.txt": "", "c.txt": ""})
    assert [entry.path for entry in left_out(tmp_path, [])] == ["a/", "b.txt", "c.txt"]
