"""A set is known again while module, trees, wheels and evidence are as they were."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from park.build.cache import Cache
from park.build.known.evidence import evidence_of
from park.build.known.known_set import (
    KnownSet,
    known_file,
    origin_of,
    recalled,
    stored,
)
from park.build.tree.hashing import take_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

LATER_NS = 60_000_000_000
URL = "http://one.example"


def later() -> int:
    """Return a moment at which all that a test has written lies in the past."""
    return time.time_ns() + LATER_NS


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownSet:
    """Give a set of one tree, whose module is importable and whose wheel is there."""
    cache, tree = Cache(root=tmp_path / "cache"), tmp_path / "tree"
    (tree / "src").mkdir(parents=True)
    (tree / "pyproject.toml").write_text('[project]\nname = "known-demo"\nversion = "1"\n')
    (tree / "src" / "known_demo.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tree / "src"))
    wheel, record = tmp_path / "demo.whl", tmp_path / "wheel.json"
    wheel.write_bytes(b"12345")
    record.write_text("{}")
    os.utime(record, (1_700_000_000, 1_700_000_000))
    beside = tmp_path / "METADATA"
    beside.write_text("Name: dep\n")
    evidence = evidence_of([str(beside)], started_ns=later())
    assert evidence is not None
    origin = origin_of("known_demo")
    assert origin == str(tree / "src" / "known_demo.py")
    return KnownSet(
        request={"project": "known-demo", "wheels": [{"filename": "demo.whl", "size": 5}]},
        files={"demo.whl": str(wheel)},
        said=["not sent: plugin"],
        origin=origin,
        trees={str(tree): take_snapshot(tree, cache=cache, clock=later).content_hash},
        in_use=[str(record)],
        evidence=evidence,
    )


def file_of(known: KnownSet) -> tuple[Path, Cache]:
    cache = Cache(root=Path(known.in_use[0]).with_name("cache"))
    return known_file("known_demo", URL, cache), cache


def test_it_is_known_again_and_notes_that_it_is_in_use(known: KnownSet) -> None:
    file, cache = file_of(known)
    assert recalled(file, "known_demo", cache) is None
    stored(file, known)
    assert recalled(file, "known_demo", cache) == known
    assert Path(known.in_use[0]).stat().st_mtime > 1_700_000_000


CHANGES: dict[str, Callable[[KnownSet, Path], object]] = {
    "an edit of the tree": lambda _, top: (top / "tree/src/known_demo.py").write_text("VALUE = 2"),
    "a file more in the tree": lambda _, top: (top / "tree/src/more.py").write_text(""),
    "the wheel is gone": lambda _, top: (top / "demo.whl").unlink(),
    "the wheel is not whole": lambda _, top: (top / "demo.whl").write_bytes(b"123"),
    "what it rests on": lambda _, top: (top / "METADATA").write_text("Name: dep2\n"),
    "its memory is damaged": lambda known, _: file_of(known)[0].write_text("{"),
    "its memory is of another form": lambda known, _: file_of(known)[0].write_text("[1]"),
    "the build environment is gone": lambda _, top: (top / "wheel.json").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_after_a_change_it_is_looked_at_again(
    known: KnownSet, tmp_path: Path, change: Callable[[KnownSet, Path], object]
) -> None:
    file, cache = file_of(known)
    stored(file, known)
    change(known, tmp_path)
    assert recalled(file, "known_demo", cache) is None


def test_a_module_that_comes_first_now_is_another_one(
    known: KnownSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, cache = file_of(known)
    stored(file, replace(known, origin=str(tmp_path / "elsewhere.py")))
    assert recalled(file, "known_demo", cache) is None
    before = tmp_path / "before"
    before.mkdir()
    (before / "known_demo.py").write_text("")
    monkeypatch.syspath_prepend(str(before))
    assert origin_of("known_demo") == str(before / "known_demo.py")


def test_a_tree_that_only_differs_in_what_is_remembered_of_it_is_another_set(
    known: KnownSet,
) -> None:
    file, cache = file_of(known)
    stored(file, replace(known, trees=dict.fromkeys(known.trees, "0" * 64)))
    assert recalled(file, "known_demo", cache) is None


@pytest.mark.parametrize("target", ["json", "no_such_module_here", "./tree", "known_demo[fast]"])
def test_only_a_module_that_is_a_file_here_is_known(target: str) -> None:
    assert origin_of(target) is None


def test_a_folder_is_known_by_where_it_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "link").symlink_to("tree")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    found = {origin_of(target) for target in ("./tree", "link/", "~/tree", str(tmp_path / "tree"))}
    assert found == {str((tmp_path / "tree").resolve())}


def test_interpreter_paths_compilers_and_service_have_sets_of_their_own(
    known: KnownSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, cache = file_of(known)
    assert known_file("known_demo", URL, cache) == file
    assert known_file("known_demo", "http://two.example", cache) != file
    assert known_file("other", URL, cache) != file
    with monkeypatch.context() as changed:
        changed.setenv("CFLAGS", "-O0")
        assert known_file("known_demo", URL, cache) != file
    with monkeypatch.context() as changed:
        changed.syspath_prepend("/elsewhere")
        assert known_file("known_demo", URL, cache) != file
