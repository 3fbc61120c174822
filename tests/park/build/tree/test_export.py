"""Clean exports: exactly the hashed files, at a fixed time, gone at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree

from park.build.cache import Cache
from park.build.tree.export import EPOCH, exported, verified_content
from park.build.tree.hashing import take_snapshot
from park.build.tree.sought import note_sought
from park.errors import LocalSetError

if TYPE_CHECKING:
    from pathlib import Path

    from park.build.tree.hashing import Snapshot

FILES = {"pyproject.toml": "", "film/__init__.py": "SLD = 2.0\n", "film/data/units.txt": "nm\n"}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree", {**FILES, "build/lib/old.py": ""})


@pytest.fixture
def snapshot(root: Path, cache: Cache) -> Snapshot:
    (root / "film/__init__.py").chmod(0o755)
    return take_snapshot(root, cache=cache)


def test_it_has_the_hashed_files_with_their_modes_at_one_time(
    snapshot: Snapshot, cache: Cache
) -> None:
    with exported(snapshot, cache=cache) as folder:
        files = [path for path in folder.rglob("*") if path.is_file()]
        found = {str(path.relative_to(folder)): path.read_text() for path in files}
        modes = {path.name: path.stat().st_mode & 0o777 for path in files}
        times = {path.stat().st_mtime for path in folder.rglob("*")}
    assert found == FILES
    assert modes == {"pyproject.toml": 0o644, "__init__.py": 0o755, "units.txt": 0o644}
    assert times == {EPOCH}


def test_its_path_is_that_of_the_content_and_it_is_gone_at_the_end(
    root: Path, snapshot: Snapshot, cache: Cache
) -> None:
    with exported(snapshot, cache=cache) as first:
        pass
    assert not first.exists()
    (root / "film/__init__.py").write_text("SLD = 3.0\n")
    with exported(take_snapshot(root, cache=cache), cache=cache) as other:
        assert other != first
    (root / "film/__init__.py").write_text("SLD = 2.0\n")
    with exported(take_snapshot(root, cache=cache), cache=cache) as again:
        assert again == first


def test_what_a_killed_build_left_there_is_not_in_it(snapshot: Snapshot, cache: Cache) -> None:
    with exported(snapshot, cache=cache) as folder:
        pass
    write_tree(folder, {"film/leftover.py": ""})
    with exported(snapshot, cache=cache) as folder:
        assert not (folder / "film/leftover.py").exists()


def test_a_file_that_is_no_longer_what_was_hashed_is_told(
    root: Path, snapshot: Snapshot, cache: Cache
) -> None:
    (root / "film/data/units.txt").write_text("A\n")
    with (
        pytest.raises(LocalSetError, match=r"units\.txt changed while") as caught,
        exported(snapshot, cache=cache),
    ):
        pytest.fail("a build would begin")
    assert "run it again" in str(caught.value.hint)


def test_content_is_verified_file_by_file(snapshot: Snapshot) -> None:
    assert {verified_content(file).decode() for file in snapshot.files} == set(FILES.values())


def test_what_is_above_the_tree_is_above_it_there_too(tmp_path: Path, cache: Cache) -> None:
    files = {"VERSION": "1", "shared/a.py": "A", "packages/film/pyproject.toml": ""}
    root = write_tree(tmp_path / "mono", files) / "packages/film"
    (tmp_path / "mono/shared/b.py").symlink_to("a.py")
    note_sought(root, ["../../VERSION", "../../shared"], cache)
    with exported(take_snapshot(root, cache=cache), cache=cache) as folder:
        assert folder.parts[-2:] == ("packages", "film")
        assert (folder / "../../VERSION").read_text() == "1"
        assert (folder / "../../shared/b.py").readlink().as_posix() == "a.py"
        assert sorted(path.name for path in folder.parents[1].iterdir()) == [
            "VERSION",
            "packages",
            "shared",
        ]
    assert not folder.parents[1].exists()
