"""A tree that is built without a network, and a cache for each file of tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.material.projects import copy_package

from park.build.cache import Cache


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
