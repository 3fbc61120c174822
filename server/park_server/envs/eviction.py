"""Which environments go when the disk's share is used up: a pure decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from park.model.lock_hash import LockHash
from park_repo.wheelstore.entry import StoreKey

__all__ = ["Candidate", "to_evict"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An environment: its own bytes, the store entries it links to, when it was last of use.

    ``last_used`` is RFC 3339 in UTC, which sorts as text; ``kept`` means that it must stay,
    being pinned or in use.
    """

    lock_hash: LockHash
    own_bytes: int
    entries: frozenset[StoreKey]
    last_used: str
    kept: bool


def to_evict(
    candidates: Iterable[Candidate], sizes: Mapping[StoreKey, int], quota_bytes: int
) -> list[LockHash]:
    """Return what to evict until all fits into ``quota_bytes``, the longest unused first.

    ``sizes`` are the bytes of each store entry. An entry goes with the last environment that
    links to it, so one whose wheels are all needed by others frees its links only. What
    must stay may be more than the quota.
    """
    candidates = list(candidates)
    users = Counter(key for candidate in candidates for key in candidate.entries)
    used = sum(sizes.get(key, 0) for key in users)
    used += sum(candidate.own_bytes for candidate in candidates)
    chosen: list[LockHash] = []
    for candidate in sorted(candidates, key=lambda each: each.last_used):
        if used <= quota_bytes:
            break
        if candidate.kept:
            continue
        users.subtract(candidate.entries)
        used -= candidate.own_bytes
        used -= sum(sizes.get(key, 0) for key in candidate.entries if not users[key])
        chosen.append(candidate.lock_hash)
    return chosen
