"""The closure of a local project, pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from park.build.cache import Cache
from park.build.local_set import local_set

if TYPE_CHECKING:
    from pathlib import Path


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
