from __future__ import annotations

from typing import TYPE_CHECKING

from support.material.projects import copy_package, make_git_checkout, write_tree
from support.material.wheels import make_wheel

from park.build.account import account_of
from park.build.cache import Cache
from park.build.source_kinds import local_source
from park.build.step import silent
from park.build.tree.left_out import LeftOut, left_out
from park.local.find import find

if TYPE_CHECKING:
    from pathlib import Path


def test_what_no_build_sees_and_why(tmp_path: Path) -> None:
    seen = {"m/__init__.py": "", "m/data/film.txt": ""}
    junk = {
        "build/lib/m/old.py": "",
        "m/__pycache__/a.pyc": "",
        "m/a.swp": "",
        "env/pyvenv.cfg": "",
        "notes.txt": "",
        "results/deep/a.npy": "",
        ".git/HEAD": "",
    }
    tree = write_tree(tmp_path, {**seen, **junk})
    (tree / "empty/deep").mkdir(parents=True)
    assert left_out(tree, seen) == (
        LeftOut(path="build/", reason="output of a build"),
        LeftOut(path="env/", reason="a virtual environment"),
        LeftOut(path="m/__pycache__/", reason="never part of a project"),
        LeftOut(path="m/a.swp", reason="never part of a project"),
        LeftOut(path="notes.txt", reason="ignored by git"),
        LeftOut(path="results/", reason="ignored by git"),
    )


def test_the_account_of_a_tree(tmp_path: Path) -> None:
    root = copy_package("offline", tmp_path)
    write_tree(root, {".gitignore": "notes.txt\n", "docs/index.md": "# Film\n", "notes.txt": ""})
    make_git_checkout(root)
    cache = Cache(root=tmp_path / "cache")
    source = local_source(find(str(root)), cache=cache)
    account = account_of(source, progress=silent)
    assert (account.name, account.declared) == ("offline", "1.0")
    assert account.version == source.version
    assert account.origin == f"the source tree {root}"
    assert account.inputs == len(source.snapshot.files) == 5
    assert account.wheel.built
    members = {member.name: member.size for member in account.members}
    assert members["offline/__init__.py"] == (root / "offline/__init__.py").stat().st_size
    assert account.not_in_wheel == (".gitignore", "backend.py", "docs/index.md", "pyproject.toml")
    assert account.left_out == (LeftOut(path="notes.txt", reason="ignored by git"),)
    assert not account_of(source, progress=silent).wheel.built


def test_the_account_of_a_wheel(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "dist", "demo", "1.0")
    source = local_source(find(str(wheel)), cache=Cache(root=tmp_path / "cache"))
    account = account_of(source, progress=silent)
    assert (account.inputs, account.build_requirements) == (1, ())
    assert (account.not_in_wheel, account.left_out) == ((), ())
    assert "demo.py" in {member.name for member in account.members}
