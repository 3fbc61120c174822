from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.material.projects import make_git_checkout, write_tree

from park.build.cache import CACHE_SIGNATURE
from park.build.tree.visible import list_tree

if TYPE_CHECKING:
    from pathlib import Path

JUNK = {
    "build/lib/m/deleted.py": "",
    "dist/m-1.whl": "",
    "m.egg-info/SOURCES.txt": "",
    "m/__pycache__/a.cpython-311.pyc": "",
    "m/old.pyc": "",
    "m/.#a.py": "",
    ".pytest_cache/README.md": "",
    "m/data/.mypy_cache/x.json": "",
    "env/pyvenv.cfg": "",
    "env/bin/tool": "",
    "conda/conda-meta/history": "",
    "conda/bin/tool": "",
    ".pixi/envs/default/conda-meta/history": "",
    ".pixi/envs/default/lib/tool.py": "",
    "bin/activate": "",
    "bin/python": "",
    "lib/python3.11/site-packages/numpy/__init__.py": "",
    "target/CACHEDIR.TAG": CACHE_SIGNATURE.decode(),
    "target/debug/film.o": "",
    **{f"service/{name}": "" for name in ("lock", "token")},
    **{f"service/{name}/1": "" for name in ("cache", "files", "index", "jobs")},
    "m/.DS_Store": "",
}
SOURCE = {
    "pyproject.toml": "",
    "m/__init__.py": "",
    "m/a.py": "",
    "m/build/__init__.py": "",
    "m/build/wheel.py": "",
    "m/data/film.txt": "",
    "README.md": "",
    "data/CACHEDIR.TAG": "a file that only has this name",
}


def seen(root: Path) -> set[str]:
    return {file.path for file in list_tree(root).files}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree", {**SOURCE, **JUNK})


def test_without_git_everything_but_junk(tree: Path) -> None:
    assert seen(tree) == set(SOURCE)


def test_the_same_where_git_is_not_installed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_git_checkout(tree)
    monkeypatch.setenv("PATH", "")
    assert seen(tree) == set(SOURCE)


def test_in_a_checkout_untracked_files_count_and_junk_does_not(tree: Path) -> None:
    make_git_checkout(tree)
    write_tree(tree, {"m/new.py": "", "notes.txt": ""})
    (tree / "m/a.py").unlink()
    # all were committed here; a commit makes only build/, dist/ and what is marked a cache source
    committed = {"build/lib/m/deleted.py", "dist/m-1.whl"}
    committed |= {path for path in JUNK if path.startswith("target/")}
    expected = set(SOURCE) | {"m/new.py", "notes.txt"} | committed
    assert seen(tree) == expected - {"m/a.py"}


def test_ignored_files_count_inside_import_packages_only(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", SOURCE)
    write_tree(tree, {".gitignore": "_version.py\nscratch/\n*.npy\nbuild/\n"})
    (tree / "m/build").rename(tree / "m/builder")
    make_git_checkout(tree)
    ignored = {
        "m/_version.py": "",
        "m/data/table.npy": "",
        "m/data/scratch/x.txt": "",
        "m/__pycache__/a.pyc": "",
        "results.npy": "",
        "scratch/copy/__init__.py": "",
        "build/lib/m/deleted.py": "",
    }
    before = seen(tree)
    write_tree(tree, ignored)
    assert seen(tree) - before == {"m/_version.py", "m/data/table.npy", "m/data/scratch/x.txt"}


def test_an_extension_that_was_built_in_place_is_none_of_the_tree(tmp_path: Path) -> None:
    tree = {
        "pyproject.toml": "",
        ".gitignore": "*.so\n",
        "m/__init__.py": "",
        "src/_film.c": "",
        "m/_film.cpython-311-x86_64-linux-gnu.so": "",
        "m/_brought.cpython-311-x86_64-linux-gnu.so": "",
        "m/libfilm.so": "",
    }
    root = write_tree(tmp_path / "tree", tree)
    make_git_checkout(root)
    assert seen(root) == tree.keys() - {"m/_film.cpython-311-x86_64-linux-gnu.so"}
    (root / ".gitignore").write_text("")
    assert seen(root) == tree.keys()


def test_a_tree_inside_a_larger_checkout(tmp_path: Path) -> None:
    write_tree(tmp_path, {"other/secret.txt": "", ".gitignore": "*.log\n"})
    tree = write_tree(tmp_path / "packages/m", {**SOURCE, "run.log": ""})
    make_git_checkout(tmp_path)
    assert seen(tree) == set(SOURCE)


def test_a_tree_that_the_checkout_around_it_ignores(tmp_path: Path) -> None:
    write_tree(tmp_path, {".gitignore": "tree/\n"})
    tree = write_tree(tmp_path / "tree", SOURCE)
    make_git_checkout(tmp_path)
    assert seen(tree) == set(SOURCE)


def test_a_checkout_nested_in_the_tree_counts_as_its_files(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", SOURCE)
    make_git_checkout(tree)
    nested = write_tree(tree / "vendor/lib", {"lib.c": ""})
    make_git_checkout(nested)
    assert seen(tree) == set(SOURCE) | {"vendor/lib/lib.c"}


def test_links_are_listed_with_what_they_say(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", SOURCE)
    (tree / "m/readme.md").symlink_to("../README.md")
    (tree / "m/tables").symlink_to("data", target_is_directory=True)
    expected = set(SOURCE) | {"m/readme.md", "m/tables"}
    assert seen(tree) == expected
    make_git_checkout(tree)
    assert seen(tree) == expected


def test_links_that_git_ignores_or_that_are_junk_are_none_of_the_tree(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", SOURCE | {".gitignore": "runs\nm/cached\n"})
    far = write_tree(tmp_path / "far", {"pyvenv.cfg": "", "bin/tool": ""})
    for link in ("runs", "build", "m/cached", "m/__pycache__", "m/.#lock", "env"):
        (tree / link).symlink_to(far)
    make_git_checkout(tree)
    (tree / "dist").symlink_to(far)
    assert seen(tree) - set(SOURCE) == {".gitignore"}


def test_the_executable_bit_is_part_of_a_file(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {"run.sh": "", "m.py": ""})
    (tree / "run.sh").chmod(0o744)
    assert {f.path: f.executable for f in list_tree(tree).files} == {"run.sh": True, "m.py": False}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX's")
def test_what_is_not_a_regular_file_does_not_count(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert seen(tmp_path) == set()


def test_what_park_writes_to_is_no_file_of_a_tree(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {**SOURCE, "m/cache/hashes-v1/a.json": "", "state/a": ""})
    apart = {os.path.realpath(root / name) for name in ("m/cache", "state")}
    assert {file.path for file in list_tree(root, apart=apart).files} == set(SOURCE)
