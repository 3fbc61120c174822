"""Links of a tree: kept as links, copied from outside, cut where they close a loop."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.material.projects import make_git_checkout, write_tree

from park.build.cache import Cache
from park.build.tree import symbolic_links as module
from park.build.tree.export import exported
from park.build.tree.hashing import take_snapshot
from park.build.tree.visible import list_tree
from park.errors import LocalSetError

SOURCE = {"pyproject.toml": "", "m/__init__.py": "", "m/data/film.txt": "250\n", "LICENSE": "MIT"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "mono/tree", SOURCE)


def link(tree: Path, **targets: str | Path) -> None:
    """Make links; two underscores in a name stand for a slash."""
    for name, target in targets.items():
        place = tree / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def listed(tree: Path) -> dict[str, str | None]:
    """Return what is beyond `SOURCE`: the text of each link, None for a file."""
    return {file.path: file.link for file in list_tree(tree).files if file.path not in SOURCE}


def exports(tree: Path, folder: Path) -> dict[str, str]:
    """Return the text of each file that can be read in an export, through links, by its path."""
    cache = Cache(root=folder / "cache")
    with exported(take_snapshot(tree, cache=cache), cache=cache) as export:
        found = {}
        for at, _, names in os.walk(export, followlinks=True):
            for path in (Path(at, name) for name in names):
                if path.is_file():
                    assert path.resolve().is_relative_to(export.resolve())
                    found[path.relative_to(export).as_posix()] = path.read_text()
        return found


def test_links_inside_the_tree_stay_links(tree: Path, tmp_path: Path) -> None:
    link(tree, m__LICENSE="../LICENSE", m__tables="data", again="m/LICENSE", all="m/tables")
    assert listed(tree) == {
        "m/LICENSE": "../LICENSE",
        "m/tables": "data",
        "again": "m/LICENSE",
        "all": "m/tables",
    }
    found = exports(tree, tmp_path)
    assert (found["again"], found["all/film.txt"]) == ("MIT", "250\n")


def test_links_by_other_ways_into_the_tree_become_relative(tree: Path, tmp_path: Path) -> None:
    link(
        tree,
        m__a=tree / "LICENSE",
        m__b="../../tree/LICENSE",
        c=tree / "m/data",
        via="m",
        d="via/data/film.txt",
    )
    link(tree, deep="m/data", f="deep/../__init__.py")
    assert listed(tree) == {
        "m/a": "../LICENSE",
        "m/b": "../LICENSE",
        "c": "m/data",
        "via": "m",
        "d": "m/data/film.txt",
        "deep": "m/data",
        "f": "m/__init__.py",
    }
    found = exports(tree, tmp_path)
    assert (found["m/a"], found["c/film.txt"], found["d"]) == ("MIT", "250\n", "250\n")


@pytest.mark.parametrize("target", ["nowhere", "/Users/paul/python", "../../gone", "self"])
def test_a_link_that_leads_nowhere_is_kept_as_it_is(
    tree: Path, tmp_path: Path, target: str
) -> None:
    link(tree, self=target, other="self")
    make_git_checkout(tree)
    assert listed(tree) == {"self": target, "other": "self"}
    assert exports(tree, tmp_path) == SOURCE


def test_what_is_outside_is_copied(tree: Path, tmp_path: Path) -> None:
    write_tree(tmp_path / "mono", {"NOTICE": "ours", "shared/a.py": "A", "shared/deep/b.py": "B"})
    (tmp_path / "mono/shared/c.py").symlink_to("deep/b.py")
    (tmp_path / "mono/shared/up").symlink_to("../NOTICE")
    (tmp_path / "mono/shared/back").symlink_to(tree / "LICENSE")
    link(tree, NOTICE="../NOTICE", m__shared="../../shared", m__twice="../../shared")
    assert listed(tree) == {
        "NOTICE": None,
        "m/shared/a.py": None,
        "m/shared/deep/b.py": None,
        "m/shared/c.py": "deep/b.py",
        "m/shared/up": None,
        "m/shared/back": "../../LICENSE",
        "m/twice": "shared",
    }
    found = exports(tree, tmp_path)
    assert (found["NOTICE"], found["m/shared/c.py"], found["m/twice/a.py"]) == ("ours", "B", "A")
    assert (found["m/shared/up"], found["m/shared/back"]) == ("ours", "MIT")


def test_an_ignored_target_is_copied_too(tree: Path, tmp_path: Path) -> None:
    write_tree(tree, {".gitignore": "/raw/\n", "raw/table.txt": "1"})
    link(tree, m__table="../raw/table.txt", m__raw="../raw")
    make_git_checkout(tree)
    found = exports(tree, tmp_path)
    assert (found["m/table"], found["m/raw/table.txt"]) == ("1", "1")
    assert "raw/table.txt" not in found


@pytest.mark.parametrize(
    ("links", "loop"),
    [
        ({"m__loop": "."}, "m/loop"),
        ({"m__loop": ".."}, "m/loop"),
        ({"m__loop": "../.."}, "m/loop"),
        ({"m__loop": "/"}, "m/loop"),
        ({"m__x": "../n", "n__y": "../m"}, "n/y"),
        ({"m__x": "../n", "n__y": "../o", "o__z": "../m/data/../"}, "o/z"),
    ],
)
def test_loops_are_cut(tree: Path, tmp_path: Path, links: dict[str, str], loop: str) -> None:
    write_tree(tree, {"n/f": "", "o/f": ""})
    link(tree, **links)
    found = listed(tree)
    assert [path for path, text in found.items() if text == ""] == [loop]
    assert len(exports(tree, tmp_path)) < 20


def test_a_loop_outside_the_tree_is_cut(tree: Path, tmp_path: Path) -> None:
    write_tree(tmp_path / "far", {"a/f": "", "b/f": ""})
    link(tmp_path / "far", a__x="../b", b__y="../a", b__tree=tree)
    link(tree, m__far=tmp_path / "far")
    found = listed(tree)
    assert found["m/far/a/x"] == "../b"
    assert (found["m/far/b/y"], found["m/far/b/tree"]) == ("", "")
    assert len(exports(tree, tmp_path)) < 20


def test_a_link_is_hashed_by_what_it_says_and_a_copy_by_what_it_holds(
    tree: Path, tmp_path: Path
) -> None:
    cache = Cache(root=tmp_path / "cache")

    def content() -> str:
        return take_snapshot(tree, cache=cache).content_hash

    write_tree(tmp_path / "mono", {"NOTICE": "ours"})
    link(tree, gone="nowhere", NOTICE="../NOTICE")
    before = content()
    (tree / "gone").unlink()
    link(tree, gone="elsewhere")
    edited = content()
    write_tree(tmp_path / "mono", {"NOTICE": "theirs"})
    assert len({before, edited, content()}) == 3
    write_tree(tmp_path / "mono", {"NOTICE": "ours"})
    assert content() == edited


def test_the_same_tree_elsewhere_has_the_same_hash(tmp_path: Path) -> None:
    hashes = set()
    for place in ("one", "other"):
        tree = write_tree(tmp_path / place, SOURCE)
        link(tree, m__a=tree / "LICENSE")
        cache = Cache(root=tmp_path / "cache")
        hashes.add(take_snapshot(tree, cache=cache).content_hash)
    assert len(hashes) == 1


def test_more_than_a_wheel_can_hold_is_refused(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path / "scratch", {"a": "", "b": ""})
    link(tree, runs=tmp_path / "scratch")
    monkeypatch.setattr(module, "_MOST_FILES", 1)
    with pytest.raises(LocalSetError, match=r"link runs leads to .*/scratch, outside") as caught:
        list_tree(tree)
    assert "have git ignore the link" in str(caught.value.hint)
