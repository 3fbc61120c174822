"""A tree that is known again without being listed; each change that must be seen all the same."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from support.material.projects import make_git_checkout, write_tree

from park.build.cache import Cache
from park.build.tree import hashing
from park.build.tree.hashing import take_snapshot
from park.build.tree.visible import Listing, list_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet
    from pathlib import Path

FILES = {
    "pyproject.toml": "[project]\nname = 'm'\nversion = '1'\n",
    "m/__init__.py": "",
    "m/a.py": "SLD = 2.0\n",
    ".gitignore": "*.log\nresults/\n",
    "run.log": "",
    "results/a.txt": "",
}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return write_tree(tmp_path / "above/tree", FILES)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """List the trees that were walked."""
    roots: list[Path] = []

    def spy(root: Path, named: Iterable[str], *, apart: AbstractSet[str]) -> Listing:
        roots.append(root)
        return list_tree(root, named, apart=apart)

    monkeypatch.setattr(hashing, "list_tree", spy)
    return roots


def later() -> int:
    """Tell a time at which every file and folder is settled, as after a coffee."""
    return time.time_ns() + 3_600_000_000_000


def paths(tree: Path, cache: Cache) -> set[str]:
    return {file.path for file in take_snapshot(tree, cache=cache, clock=later).files}


def test_an_unchanged_tree_is_not_even_listed(tree: Path, cache: Cache, listed: list[Path]) -> None:
    make_git_checkout(tree)
    first = take_snapshot(tree, cache=cache, clock=later)
    assert take_snapshot(tree, cache=cache, clock=later) == first
    assert listed == [tree]


def test_a_folder_that_was_just_written_is_listed_again(
    tree: Path, cache: Cache, listed: list[Path]
) -> None:
    take_snapshot(tree, cache=cache)
    take_snapshot(tree, cache=cache)
    assert listed == [tree, tree]


def _same_size_in_place(tree: Path) -> None:
    file = tree / "m/a.py"
    status = file.stat()
    with file.open("r+") as stream:
        stream.write("SLD = 3.0\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replaced_by_rename(tree: Path) -> None:
    status = (tree / "m/a.py").stat()
    write_tree(tree, {"m/a.new": "SLD = 3.0\n"})
    os.utime(tree / "m/a.new", ns=(status.st_atime_ns, status.st_mtime_ns))
    (tree / "m/a.new").replace(tree / "m/a.py")


@pytest.mark.parametrize("edit", [_same_size_in_place, _replaced_by_rename])
def test_a_same_size_edit_with_its_mtime_set_back_is_seen(
    tree: Path, cache: Cache, edit: Callable[[Path], None]
) -> None:
    make_git_checkout(tree)
    before = take_snapshot(tree, cache=cache, clock=later)
    edit(tree)
    after = take_snapshot(tree, cache=cache, clock=later)
    assert after.content_hash != before.content_hash
    assert [f.path for f in after.files] == [f.path for f in before.files]


def git(tree: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=tree, check=True, capture_output=True)


def _ignore_nothing(tree: Path) -> None:
    (tree / ".gitignore").write_text("results/\n")


def _exclude(tree: Path) -> None:
    (tree / ".git/info/exclude").write_text("notes.txt\n")


def _exclude_for_all(tree: Path) -> None:
    write_tree(tree.parents[1] / "home/.config/git", {"ignore": "notes.txt\n"})


def _exclude_by_configuration(tree: Path) -> None:
    write_tree(tree.parent, {"my-ignores": "notes.txt\n"})
    git(tree, "config", "core.excludesFile", str(tree.parent / "my-ignores"))


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (lambda tree: write_tree(tree, {"m/new.py": ""}), {"m/new.py"}),
        (lambda tree: (tree / "m/a.py").unlink(), {"m/a.py"}),
        (lambda tree: (tree / "m/a.py").rename(tree / "m/b.py"), {"m/a.py", "m/b.py"}),
        (lambda tree: write_tree(tree, {"empty/deep/new.py": ""}), {"empty/deep/new.py"}),
        (
            lambda tree: (tree / "closed/.gitignore").write_text("b\n"),
            {"closed/a.txt", "closed/.gitignore"},
        ),
        (_ignore_nothing, {"run.log"}),
        (lambda tree: git(tree, "add", "--force", "results/a.txt"), {"results/a.txt"}),
        (_exclude, {"notes.txt"}),
        (_exclude_for_all, {"notes.txt"}),
        (_exclude_by_configuration, {"notes.txt"}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_changes_the_files_is_seen(
    tree: Path,
    cache: Cache,
    change: Callable[[Path], object],
    difference: set[str],
    listed: list[Path],
) -> None:
    make_git_checkout(tree)
    write_tree(tree, {"notes.txt": "", "closed/.gitignore": "*\n", "closed/a.txt": ""})
    (tree / "empty/deep").mkdir(parents=True)
    before = paths(tree, cache)
    assert paths(tree, cache) == before
    assert len(listed) == 1
    change(tree)
    assert paths(tree, cache) ^ before == difference


def test_a_checkout_that_appears_around_the_tree_is_seen(tree: Path, cache: Cache) -> None:
    assert "run.log" in paths(tree, cache)
    make_git_checkout(tree.parent)
    assert "run.log" not in paths(tree, cache)


def test_what_a_link_leads_to_is_looked_at_each_time(
    tree: Path, cache: Cache, listed: list[Path]
) -> None:
    write_tree(tree.parent, {"far/a.txt": ""})
    (tree / "m/link").symlink_to("../../far", target_is_directory=True)
    assert "m/link/a.txt" in paths(tree, cache)
    write_tree(tree.parent, {"far/b.txt": ""})
    assert "m/link/b.txt" in paths(tree, cache)
    assert len(listed) == 2
