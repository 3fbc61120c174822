"""The closure of a local project, pinned."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name
from support.material.projects import copy_package

from park.build.cache import Cache
from park.build.local_set import local_set

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(root=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def cache(shared_cache: Cache) -> Cache:
    """Give a cache that has the build environment and no wheels."""
    shutil.rmtree(shared_cache.wheels, ignore_errors=True)
    return shared_cache


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_package("offline", tmp_path)


def test_the_local_set_pins_the_closure_with_its_trees(root: Path, cache: Cache) -> None:
    found = local_set("offline[plot]", cache=cache, cwd=root)
    versions = found.requirements.versions()
    assert sorted(versions) == ["offline", "packaging", "pip"]
    assert versions[canonicalize_name("offline")] == found.version
    assert [tree.version for tree in found.sources] == [found.version]
    assert found.module == "offline"
    assert (
        found.requirements.hash
        == local_set("./offline[plot]", cache=cache, cwd=root.parent).requirements.hash
    )
