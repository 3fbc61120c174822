"""`park_server.envs.eviction`: what goes, in which order, and what never does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from park.model.lock_hash import LockHash
from park_repo.wheelstore.entry import StoreKey
from park_server.envs.eviction import Candidate, to_evict

SIZES = {StoreKey(name): size for name, size in (("a", 100), ("b", 10), ("shared", 1000))}


def candidate(name: str, *entries: str, last_used: str, kept: bool = False) -> Candidate:
    return Candidate(
        lock_hash=LockHash(name),
        own_bytes=1,
        entries=frozenset(map(StoreKey, entries)),
        last_used=last_used,
        kept=kept,
    )


OLD = candidate("old", "shared", "a", last_used="2026-01-01T00:00:00Z")
NEW = candidate("new", "shared", "b", last_used="2026-02-01T00:00:00Z")


def test_nothing_goes_while_all_fits() -> None:
    assert to_evict([OLD, NEW], SIZES, 1112) == []


def test_the_longest_unused_goes_first_and_a_shared_wheel_frees_nothing() -> None:
    assert to_evict([NEW, OLD], SIZES, 1111) == ["old"]
    assert to_evict([NEW, OLD], SIZES, 1011) == ["old"]
    assert to_evict([NEW, OLD], SIZES, 1010) == ["old", "new"]


def test_what_is_kept_never_goes_even_over_the_quota() -> None:
    kept = candidate("kept", "shared", last_used="2025-01-01T00:00:00Z", kept=True)

    assert to_evict([kept, OLD, NEW], SIZES, 0) == ["old", "new"]


CANDIDATES = st.lists(
    st.builds(
        candidate,
        st.uuids().map(str),
        st.sampled_from(["a", "b", "shared"]),
        last_used=st.dates().map(str),
        kept=st.booleans(),
    ),
    max_size=8,
)


@given(CANDIDATES, st.integers(0, 1500))
def test_afterwards_all_fits_or_only_what_must_stay_is_left(
    candidates: list[Candidate], quota: int
) -> None:
    gone = set(to_evict(candidates, SIZES, quota))
    left = [each for each in candidates if each.lock_hash not in gone]
    entries = {key for each in left for key in each.entries}
    used = len(left) + sum(SIZES[key] for key in entries)

    assert used <= quota or all(each.kept for each in left)
    assert not any(each.kept for each in candidates if each.lock_hash in gone)
