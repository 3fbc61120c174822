from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from park.build.tree.tree_version import TreeHash, tree_hash, with_tree_hash
from park.errors import LocalSetError
from park.model.pins import Pin, is_tree_version, normalized_version

HASHES = st.binary(min_size=32, max_size=32).map(lambda raw: TreeHash(raw.hex()))
RELEASES = st.lists(st.integers(0, 2030), min_size=1, max_size=4).map(
    lambda numbers: ".".join(map(str, numbers))
)
SUFFIXES = st.sampled_from(["", "a1", "rc2", ".post3", ".dev4", "rc1.post2.dev3"])
LOCALS = st.sampled_from(["", "+g12", "+ubuntu.1", "+5", "+g0a1.d20251101"])
VERSIONS = st.builds("".join, st.tuples(RELEASES, SUFFIXES, LOCALS))
CONTENT = "c" * 64
LOCK = [Pin(name=canonicalize_name("hatchling"), version="1.30")]


@given(declared=VERSIONS, tree=HASHES)
def test_the_version_names_its_tree_and_sorts_just_above_the_declared(
    declared: str, tree: TreeHash
) -> None:
    version = with_tree_hash(declared, tree)
    assert is_tree_version(version)
    assert version == normalized_version(version)
    assert version.endswith(f"t{tree[:16]}")
    assert Version(version).public == Version(declared).public
    assert Version(version) > Version(declared)


@given(declared=VERSIONS, one=HASHES, other=HASHES)
def test_other_trees_have_other_versions(declared: str, one: TreeHash, other: TreeHash) -> None:
    same = with_tree_hash(declared, one) == with_tree_hash(declared, other)
    assert same == (one[:16] == other[:16])


def test_a_version_that_pep_440_does_not_allow() -> None:
    with pytest.raises(LocalSetError, match="the version 'latest' is not one that PEP 440 allows"):
        with_tree_hash("latest", TreeHash("0" * 64))


def test_the_hash_covers_content_python_and_the_locked_build_requirements() -> None:
    first = tree_hash(content_hash=CONTENT, python="3.11", build_lock=LOCK)
    newer = [Pin(name=LOCK[0].name, version="1.31")]
    others = {
        tree_hash(content_hash="d" * 64, python="3.11", build_lock=LOCK),
        tree_hash(content_hash=CONTENT, python="3.12", build_lock=LOCK),
        tree_hash(content_hash=CONTENT, python="3.11", build_lock=newer),
        tree_hash(content_hash=CONTENT, python="3.11", build_lock=[]),
    }
    assert len(others | {first}) == 5
    assert first == tree_hash(content_hash=CONTENT, python="3.11", build_lock=reversed(LOCK))


def test_the_hash_does_not_change_with_a_new_release_of_park() -> None:
    # else every tree gets a new version, and every service builds its environments anew
    expected = "8ee3765502cdfa2fc2cfe42fafa2d932181260df22ebf39b16aa3fb29a41530a"
    assert tree_hash(content_hash=CONTENT, python="3.11", build_lock=LOCK) == expected
