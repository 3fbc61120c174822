"""What builds looked for: remembered where it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree

from park.build.cache import Cache
from park.build.tree.sought import note_sought, sought_before, sought_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"VERSION": "1", "shared/a": "", "packages/film/made/x": ""}
    return write_tree(tmp_path / "mono", files) / "packages/film"


def test_what_is_there_is_news_once(root: Path, cache: Cache) -> None:
    assert sought_before(root, cache) == frozenset()
    assert note_sought(root, ["../../VERSION", "../gone", "made/x"], cache)
    assert sought_before(root, cache) == {"../../VERSION", "made/x"}
    assert not note_sought(root, ["../../VERSION"], cache)
    assert note_sought(root, ["../../shared"], cache)
    assert sought_before(root, cache) == {"../../VERSION", "made/x", "../../shared"}


def test_trees_have_memories_of_their_own(root: Path, cache: Cache) -> None:
    assert note_sought(root, ["made/x"], cache)
    assert sought_before(root.parent, cache) == frozenset()


@pytest.mark.parametrize("path", ["..", "../..", ".", "../film", "/"])
def test_a_folder_around_the_tree_is_never_taken(root: Path, cache: Cache, path: str) -> None:
    assert not note_sought(root, [path], cache)


def test_a_damaged_memory_is_none(root: Path, cache: Cache) -> None:
    note_sought(root, ["made/x"], cache)
    sought_file(root, cache).write_text("7")
    assert sought_before(root, cache) == frozenset()
