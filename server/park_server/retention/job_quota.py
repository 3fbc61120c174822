"""Which ended jobs go when their share of the disk is used up: a pure decision."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from park.model.ids import JobId

__all__ = ["KeptJob", "over_quota", "taken"]


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptJob:
    """A job, what it takes alone, by kind and in bytes, and its files by SHA-256.

    ``last_used`` is its end, that of the last job which needed it, or when what it left was
    read: RFC 3339 in UTC, which sorts as text. ``stays``: it has not ended, is pinned, or is
    needed. It ran for ``cost_s`` seconds, which it would take to make it again.
    """

    id: JobId
    calls_bytes: int
    results_bytes: int
    logs_bytes: int
    files: frozenset[str]
    last_used: str
    stays: bool
    cost_s: float = 0.0

    @property
    def own_bytes(self) -> int:
        """What it takes alone: its files others may have, too."""
        return self.calls_bytes + self.results_bytes + self.logs_bytes


def taken(jobs: Iterable[KeptJob], sizes: Mapping[str, int]) -> int:
    """Return what ``jobs`` take together: a file that several have counts once."""
    jobs = list(jobs)
    files = {sha256 for job in jobs for sha256 in job.files}
    return sum(job.own_bytes for job in jobs) + sum(sizes.get(sha256, 0) for sha256 in files)


def over_quota(jobs: Iterable[KeptJob], sizes: Mapping[str, int], quota_bytes: int) -> list[JobId]:
    """Return what has to go until all fits into ``quota_bytes``, the longest unused first.

    Of those that were used last on one day, first what is made again the soonest.
    ``sizes`` are what files take on the disk. A file goes with the last job that has it; what
    must stay may be more than the quota.
    """
    jobs = list(jobs)
    users = Counter(sha256 for job in jobs for sha256 in job.files)
    used = taken(jobs, sizes)
    chosen: list[JobId] = []
    for job in sorted(jobs, key=_order):
        if used <= quota_bytes:
            break
        if job.stays:
            continue
        users.subtract(job.files)
        used -= job.own_bytes
        used -= sum(sizes.get(sha256, 0) for sha256 in job.files if not users[sha256])
        chosen.append(job.id)
    return chosen


_DAY = len("2026-11-27")


def _order(job: KeptJob) -> tuple[str, int, str, str]:
    """Return what decides who goes first; what ran for less than ten times as long is no dearer."""
    magnitude = int(math.log10(max(job.cost_s, 1.0)))
    return job.last_used[:_DAY], magnitude, job.last_used, job.id
