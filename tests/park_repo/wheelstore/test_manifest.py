"""`park_repo.wheelstore.manifest`: every change shows in a stamp."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from park.digests import file_sha256
from park_repo.wheelstore.manifest import (
    Damage,
    Stamp,
    changed_contents,
    changed_stamps,
    seal,
    shared_stamp,
    take_stamps,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "file").write_text("content")
    (root / "run").write_text("#!")
    (root / "run").chmod(0o744)
    (root / "link").symlink_to("folder")
    return root


def stamps_of(tree: Path) -> list[Stamp]:
    return take_stamps(tree, {"folder/file": file_sha256(tree / "folder" / "file")})


def found(damages: tuple[Damage, ...]) -> set[str]:
    return {str(damage) for damage in damages}


def test_each_path_has_a_stamp_and_no_link_is_followed(tree: Path) -> None:
    stamps = {stamp.path: stamp for stamp in stamps_of(tree)}
    assert set(stamps) == {"", "folder", "folder/file", "link", "run"}
    assert (stamps["folder"].size, stamps["folder/file"].size) == (0, 7)
    assert stat.S_ISLNK(stamps["link"].mode)
    assert Stamp.parse(list(stamps["run"])) == stamps["run"]
    with pytest.raises(TypeError):
        Stamp.parse([1])


def test_what_nothing_touched_is_as_it_was(tree: Path) -> None:
    stamps = stamps_of(tree)
    assert changed_stamps(tree, stamps) == ()
    assert changed_contents(tree, stamps) == ()
    moved = tree.rename(tree.with_name("moved"))
    assert changed_stamps(moved, stamps) == ()


def test_a_shared_file_is_compared_by_who_it_is(tree: Path) -> None:
    """Its content, and the times that further names move, are another manifest's."""
    path, elsewhere = tree / "folder" / "file", tree.with_name("elsewhere")
    elsewhere.hardlink_to(path)
    mine = {s.path: s for s in stamps_of(tree)}
    mine["folder/file"] = shared_stamp("folder/file", path.stat())
    stamps = list(mine.values())
    tree.with_name("further").hardlink_to(path)
    elsewhere.write_text("another content")
    assert changed_stamps(tree, stamps, shared=True) == ()
    replace_by_its_equal(tree)
    path.with_name("another name").hardlink_to(path)
    assert "folder/file changed" in found(changed_stamps(tree, stamps, shared=True))


def scribble_and_set_back(tree: Path) -> None:
    path = tree / "folder" / "file"
    before = path.stat()
    path.write_text("CONTENT")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_by_its_equal(tree: Path) -> None:
    path = tree / "folder" / "file"
    path.with_name("new").write_text("content")
    path.with_name("new").replace(path)


@pytest.mark.parametrize(
    ("change", "by_stamps", "by_contents"),
    [
        (scribble_and_set_back, {"folder/file changed"}, {"folder/file changed"}),
        (replace_by_its_equal, {"folder changed", "folder/file changed"}, set()),
        (
            lambda tree: (tree / "folder" / "more").touch(),
            {"folder changed", "folder/more added"},
            {"folder/more added"},
        ),
        (lambda tree: (tree / "run").unlink(), {". changed", "run missing"}, {"run missing"}),
        (lambda tree: (tree / "run").chmod(0o700), {"run changed"}, {"run changed"}),
    ],
)
def test_a_change_is_found_in_the_stamps_and_judged_by_the_contents(
    tree: Path, change: Callable[[Path], None], by_stamps: set[str], by_contents: set[str]
) -> None:
    stamps = stamps_of(tree)
    change(tree)
    assert found(changed_stamps(tree, stamps)) == by_stamps
    assert found(changed_contents(tree, stamps)) == by_contents


def test_sealed_is_read_only_and_programs_stay_programs(tree: Path) -> None:
    left = seal(tree)
    modes = {path: stat.S_IMODE(it.st_mode) for path, it in left.items() if path != "link"}
    assert modes == {"": 0o555, "folder": 0o555, "folder/file": 0o444, "run": 0o555}
    assert {stamp.path: stamp.mode for stamp in take_stamps(tree)} == {
        path: it.st_mode for path, it in left.items()
    }
