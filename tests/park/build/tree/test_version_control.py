"""What an export says to whatever asks for the version."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree

from park.build.tree.version_control import (
    Pretence,
    asks_version_control,
    make_repository,
    write_pkg_info,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TOLD = Pretence(name="film", version="1.2.post3+g12ab", tag="v1.2.post3+g12ab")
FILES = {"film.py": "", ".gitignore": "*.txt\n", "table.txt": "1", "PKG-INFO": ""}


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def made(root: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")

    def run(command: Sequence[str], variables: dict[str, str]) -> None:
        subprocess.run(command, cwd=root, env={**os.environ, **variables}, check=True)

    make_repository(write_tree(root, FILES), TOLD.tag, run)
    return root


def test_pkg_info_has_name_and_version_and_that_of_an_sdist_stays(tmp_path: Path) -> None:
    write_pkg_info(tmp_path, TOLD)
    text = (tmp_path / "PKG-INFO").read_text()
    assert text == "Metadata-Version: 2.1\nName: film\nVersion: 1.2.post3+g12ab\n"
    write_pkg_info(tmp_path, Pretence(name="film", version="2", tag="v2"))
    assert (tmp_path / "PKG-INFO").read_text() == text


@pytest.mark.parametrize(
    ("said", "added"),
    [
        ("packaging.version.InvalidVersion: Invalid version: '1.2.post3+g12ab+gd7c0ad9'", True),
        ("packaging.version.InvalidVersion: Invalid version: '1.2.post3+g12ab'", False),
        ("ValueError: invalid version 1.2.post3+g12ab-dirty+x", True),
        ("Invalid version: 'unknown'", False),
        ("made film 1.2.post3+g12ab.zip", False),
    ],
)
def test_a_version_with_a_second_local_segment_is_known(said: str, *, added: bool) -> None:
    assert TOLD.was_added_to(said) is added
    assert not TOLD.without_local().was_added_to(said)
    assert TOLD.without_local() == Pretence(name="film", version="1.2.post3", tag="v1.2.post3")


def test_a_repository_has_all_files_in_one_commit_that_has_the_tag(tmp_path: Path) -> None:
    root = made(tmp_path)
    assert git(root, "describe", "--long", "--dirty").startswith(f"{TOLD.tag}-0-g")
    assert git(root, "ls-files").splitlines() == [".gitignore", "film.py", "table.txt"]
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "rev-list", "--count", "HEAD") == "1"


def test_equal_files_give_equal_commits_whatever_git_is_told_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = git(made(tmp_path / "one"), "rev-parse", "HEAD", TOLD.tag)
    (tmp_path / ".gitconfig").write_text("[user]\nname = Ada\n[core]\nautocrlf = true\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert git(made(tmp_path / "other"), "rev-parse", "HEAD", TOLD.tag) == one


def test_without_git_there_is_none(tmp_path: Path) -> None:
    def run(command: Sequence[str], variables: dict[str, str]) -> None:
        raise FileNotFoundError(command, variables)

    make_repository(write_tree(tmp_path, FILES), None, run)
    assert not (tmp_path / ".git").exists()


@pytest.mark.parametrize(
    "said",
    [
        "versioningit could not find a version for the project in /cache/exports-v1/0",
        "LookupError: setuptools-scm was unable to detect version for /cache/exports-v1/0.",
        "fatal: not a git repository (or any of the parent directories): .git",
        "Exception: Versioning for this project requires access to an upstream git repository.",
        "RuntimeError: Unable to detect version control system.",
        "FileNotFoundError: [Errno 2] No such file or directory: 'git'",
        "ERROR: Command `git describe --tags` failed with status 128.",
        "fatal: No names found, cannot describe anything (no tags give a version)",
    ],
)
def test_what_tools_say_that_ask_version_control(said: str) -> None:
    assert asks_version_control(said)


@pytest.mark.parametrize(
    "said",
    [
        "error: command 'gcc' failed: No such file or directory",
        "SyntaxError: invalid syntax in film.py",
        "error: 'film.f90' does not exist",
        "requires a different Python: version 3.11 is not in '>=3.13'",
    ],
)
def test_what_others_say(said: str) -> None:
    assert not asks_version_control(said)
