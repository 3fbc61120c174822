"""Answers of backends are asked for once, under a key of all that they depend on."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.material.projects import write_tree

from park.build import backend_answers
from park.build.backend_answers import describe
from park.build.cache import Cache
from park.build.tree.hashing import Snapshot, take_snapshot
from park.local.pyproject import read_pyproject

STATIC = '[project]\nname = "m"\nversion = "1"\ndependencies = ["abc>=1"]\n'


@pytest.fixture
def own_cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


def test_what_is_declared_whole_needs_no_backend(
    tmp_path: Path, own_cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_answers, "tried", lambda *_, **__: pytest.fail("asked"))
    root = write_tree(tmp_path / "tree", {"pyproject.toml": STATIC})
    found = describe(root, cache=own_cache)
    assert (found.name, found.version, [str(each) for each in found.requires]) == (
        "m",
        "1",
        ["abc>=1"],
    )


def inputs(folder: Path, cache: Cache, backend: str, **files: str) -> str:
    system = f"[build-system]\n{backend}\n"
    written = {"pyproject.toml": system, "pkg/__init__.py": "", **files}
    named = {name.replace("_py", ".py"): text for name, text in written.items()}
    snapshot: Snapshot = take_snapshot(write_tree(folder, named), cache=cache)
    return backend_answers._inputs_hash(snapshot, read_pyproject(folder).build_system)


FLIT = 'requires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"'
PLUGIN = 'requires = ["flit_core", "a-plugin"]\nbuild-backend = "flit_core.buildapi"'
OWN = 'requires = []\nbuild-backend = "mine"\nbackend-path = ["."]'


@pytest.mark.parametrize(
    ("backend", "more", "asks_anew"),
    [(FLIT, {}, False), (PLUGIN, {}, True), (OWN, {}, True), (FLIT, {"setup_py": ""}, True)],
    ids=["known", "plugin", "own", "program"],
)
def test_an_edit_of_the_package_asks_anew_only_where_that_may_matter(
    tmp_path: Path, own_cache: Cache, backend: str, more: dict[str, str], *, asks_anew: bool
) -> None:
    before = inputs(tmp_path / "tree", own_cache, backend, **more)
    (tmp_path / "tree" / "pkg" / "__init__.py").write_text("X = 1\n")
    after = inputs(tmp_path / "other", own_cache, backend, **more, **{"pkg/more.py": "Y = 1\n"})
    assert (after != before) is asks_anew


def test_a_key_covers_what_the_answer_depends_on() -> None:
    def environment(version: str) -> Any:
        return cast("Any", SimpleNamespace(installed=[SimpleNamespace(name="a", version=version)]))

    keys = {
        backend_answers._key("metadata", "inputs", environment("1"), None),
        backend_answers._key("requires", "inputs", environment("1"), None),
        backend_answers._key("metadata", "other", environment("1"), None),
        backend_answers._key("metadata", "inputs", environment("2"), None),
        backend_answers._key("metadata", "inputs", environment("1"), "0"),
    }
    assert len(keys) == 5


def test_an_answer_is_asked_for_once_and_is_in_use_from_then_on(tmp_path: Path) -> None:
    asked: list[int] = []

    def ask() -> dict[str, Any]:
        asked.append(1)
        return {"requires": ["abc"]}

    file = tmp_path / "answers" / "key.json"
    file.parent.mkdir()
    for _ in range(2):
        assert backend_answers._remembered(file, ask) == {"requires": ["abc"]}
    assert len(asked) == 1
    os.utime(file, (0, 0))
    backend_answers._remembered(file, ask)
    assert file.stat().st_mtime > 0
    file.write_text("{")  # of a disk that lost a block
    assert backend_answers._remembered(file, ask) == {"requires": ["abc"]}
    assert len(asked) == 2


def test_an_unpacked_sdist_has_the_version_that_it_says(tmp_path: Path) -> None:
    info = "Metadata-Version: 2.1\nName: m\nVersion: 1.4\n"
    root = write_tree(tmp_path / "m-1.4", {"PKG-INFO": info})
    assert backend_answers._version_of_history(root) == "1.4"
    (root / "PKG-INFO").write_text("nothing")
    assert backend_answers._version_of_history(root) == "0"
