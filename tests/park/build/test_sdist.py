"""A source distribution of a tree: the same bytes for the same tree, with what was built here."""

from __future__ import annotations

import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.material.projects import write_tree
from support.material.wheels import make_wheel

from park.build.cache import Cache
from park.build.sdist import write_sdist
from park.build.tree.export import EPOCH
from park.build.tree.hashing import take_snapshot
from park.errors import LocalSetError

VERSION = "1.0+t0123456789abcdef"
FILES = {"pyproject.toml": "[project]\n", "PKG-INFO": "Version: old\n", "pkg/run.sh": "#!/bin/sh\n"}


@pytest.fixture
def tree(tmp_path: Path) -> Any:
    root = write_tree(tmp_path / "tree", FILES)
    (root / "pkg" / "run.sh").chmod(0o700)
    snapshot = take_snapshot(root, cache=Cache(root=tmp_path / "cache"))
    return SimpleNamespace(
        project=SimpleNamespace(name="my-model"), version=VERSION, snapshot=snapshot, root=root
    )


@pytest.fixture
def wheel(tmp_path: Path) -> Any:
    (tmp_path / "wheels").mkdir()
    return SimpleNamespace(path=make_wheel(tmp_path / "wheels", "my_model", VERSION))


def written(tree: Any, wheel: Any, folder: Path) -> Path:
    folder.mkdir()
    return write_sdist(cast("Any", tree), cast("Any", wheel), folder)


def test_it_holds_the_tree_with_the_metadata_that_the_wheel_has(
    tree: Any, wheel: Any, tmp_path: Path
) -> None:
    path = written(tree, wheel, tmp_path / "out")
    stem = f"my_model-{VERSION}"
    assert path.name == f"{stem}.tar.gz"
    with tarfile.open(path) as archive:
        members = {member.name: member for member in archive}
        info = archive.extractfile(f"{stem}/PKG-INFO")
        assert info is not None
        assert f"Version: {VERSION}".encode() in info.read()
    assert members.keys() == {f"{stem}/{name}" for name in FILES}
    assert {member.mtime for member in members.values()} == {EPOCH}
    assert members[f"{stem}/pkg/run.sh"].mode == 0o755
    assert members[f"{stem}/pyproject.toml"].mode == 0o644


def test_equal_trees_give_equal_bytes(tree: Any, wheel: Any, tmp_path: Path) -> None:
    one, other = (written(tree, wheel, tmp_path / name) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_a_file_that_changed_since_is_not_packed(tree: Any, wheel: Any, tmp_path: Path) -> None:
    (tree.root / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    with pytest.raises(LocalSetError):
        written(tree, wheel, tmp_path / "out")
