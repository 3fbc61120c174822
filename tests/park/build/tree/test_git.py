"""What git knows of a tree, and that it need not know anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.material.projects import make_git_checkout, write_tree

from park.build.tree.asked_git import identity
from park.build.tree.git import list_files, nearest_tag_version, rests_on, tag_for

if TYPE_CHECKING:
    from pathlib import Path


SOURCE = {
    "pyproject.toml": "",
    "m/__init__.py": "",
    "m/a.py": "",
    "m/build/__init__.py": "",
    "m/build/wheel.py": "",
    "m/data/film.txt": "",
    "README.md": "",
}


@pytest.mark.parametrize(
    ("tag", "version"), [("v1.4.2", "1.4.2"), ("mymodel-2.0rc1", "2.0rc1"), ("x9z-9z", None)]
)
def test_the_nearest_tag(tmp_path: Path, tag: str, version: str | None) -> None:
    make_git_checkout(write_tree(tmp_path, SOURCE), tag=tag)
    assert nearest_tag_version(tmp_path) == version


def test_without_a_checkout_or_without_git_there_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(tmp_path / "tree", SOURCE)
    assert list_files(root) is None
    assert nearest_tag_version(root) is None
    make_git_checkout(root)
    monkeypatch.setenv("PATH", "")
    assert list_files(root) is None
    assert identity().startswith("\n")


def test_files_are_those_that_git_tracks_or_would_take(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {**SOURCE, ".gitignore": "*.log\n"})
    make_git_checkout(root)
    write_tree(root, {"new/file.txt": "", "m/a.log": "", "ü name.txt": ""})
    listing = list_files(root)
    assert listing is not None
    assert listing.visible == {*SOURCE, ".gitignore", "new/file.txt", "ü name.txt"}
    assert {"m", "m/data", "new"} <= listing.visible_folders
    assert {"m", "m/data"} <= listing.tracked_folders
    assert "new" not in listing.tracked_folders


def test_a_tree_that_the_checkout_ignores_is_not_its_own(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "ignored", SOURCE)
    write_tree(tmp_path, {".gitignore": "ignored/\n"})
    make_git_checkout(tmp_path)
    assert list_files(root) is None


def test_a_hooks_variables_do_not_lead_to_another_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(tmp_path / "tree", SOURCE)
    make_git_checkout(root)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert list_files(root) is not None


def test_the_answer_rests_on_what_is_not_there_yet_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    write_tree(tmp_path, {".gitconfig": "[core]\n\texcludesFile = ~/my-ignores\n"})
    root = write_tree(tmp_path / "tree", SOURCE)
    make_git_checkout(root)
    resting = {str(tmp_path / name) for name in (".git", ".gitignore", ".gitconfig", "my-ignores")}
    assert resting <= rests_on(root)
    assert {str(root / ".git"), str(root / ".git/info/exclude")} <= rests_on(root)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("v1.2", "v2.0"), ("1.2", "2.0"), ("mymodel-v1.2", "mymodel-v2.0"), (None, "v2.0")],
)
def test_a_tag_is_in_the_manner_of_the_nearest(
    tmp_path: Path, tag: str | None, expected: str
) -> None:
    root = write_tree(tmp_path, SOURCE)
    make_git_checkout(root, tag=tag)
    assert tag_for(root, "2.0") == expected


def test_a_checkout_of_another_user_is_answered_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"pyproject.toml": "", ".gitignore": "out/\n", "out/a": ""}
    root = write_tree(tmp_path / "film", files)
    make_git_checkout(root, tag="v1.2")
    # git's own tests have this variable for it
    stranger = f'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec "{shutil.which("git")}" "$@"\n'
    write_tree(tmp_path / "bin", {"git": f"#!/bin/sh\n{stranger}"})
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    refused = subprocess.run(["git", "status"], cwd=root, check=False, capture_output=True)
    assert b"dubious ownership" in refused.stderr
    found = list_files(root)
    assert found is not None
    assert found.visible == {"pyproject.toml", ".gitignore"}
    assert nearest_tag_version(root) == "1.2"
