"""What is told of an environment that was built: real conflicts, and what it takes of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from park_server.envs.environment import PackageConflict
from park_server.envs.farm import farm_build
from park_server.envs.farm.farm_plan import Conflict


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for name, text in (("one", "same"), ("two", "same"), ("other", "else")):
        (tmp_path / name).write_text(text)
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("path", "sources", "is_real"),
    [
        ("pkg/__init__.py", ["one", "two"], False),
        ("pkg/__init__.py", ["one", "two", "other"], True),
        ("pkg/__init__.py", ["one", None], True),  # a script is generated in its place
        ("pkg/__init__.py", [None, "one"], True),
        ("pkg/__init__.py", ["one", "folder"], True),
        ("pkg/__pycache__/x.pyc", ["one", "other"], False),  # its module tells
    ],
)
def test_owners_of_the_same_bytes_are_in_nobodys_way(
    store: Path, path: str, sources: list[str | None], *, is_real: bool
) -> None:
    owners = tuple("abc"[: len(sources)])
    places = tuple(None if name is None else str(store / name) for name in sources)
    found = farm_build._real_conflicts((Conflict(path=path, owners=owners, sources=places),))
    assert found == ((PackageConflict(path=path, owners=owners),) if is_real else ())


def test_what_is_shared_or_has_two_names_takes_no_room_twice(store: Path) -> None:
    os.link(store / "one", store / "second name")
    left = {path.name: path.lstat() for path in store.iterdir() if path.is_file()}
    each = {name: 512 * found.st_blocks for name, found in left.items()}
    own = farm_build._own_size(left, frozenset({"other"}))
    assert own == each["one"] + each["two"]


def test_uv_overlooks_a_dist_info_that_is_a_link() -> None:
    assert farm_build._is_dist_info("lib/m-1.dist-info")
    assert not farm_build._is_dist_info("lib/m")
    assert farm_build._is_real("lib/m")
    assert not farm_build._is_real("lib/m/__pycache__")
