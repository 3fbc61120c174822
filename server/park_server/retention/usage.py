"""What the parts of a home take on the disk, and what counts against its quotas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from park.wire import Share, UsagePart, UsageRecord
from park_repo import queries
from park_repo.database import Database
from park_server.home import Home
from park_server.retention import removal_rows
from park_server.retention.job_folders import UNKNOWN
from park_server.retention.job_quota import taken
from park_server.retention.job_removal import JobRemoval
from park_server.retention.sizes_on_disk import BLOCK, files_below, free_below

__all__ = ["measured", "parts_of"]


@dataclass(slots=True)
class _Sum:
    files: int = 0
    size: int = 0


def parts_of(home: Home) -> list[UsagePart]:
    """Measure ``home``, which takes a look at each of its files; the parts are all of it.

    What is linked from several places counts where it is met first.
    """
    seen: set[tuple[int, int]] = set()
    aside = [home.index / "quarantine", home.files / "quarantine", home.jobs / UNKNOWN]
    folders = {
        "store": [home.path / "store"],
        "environments": [home.path / "envs"],
        "quarantine": aside,
        "index": [home.index],
        "files": [home.files],
        "jobs": [home.jobs],
        "areas": [home.path / "areas"],
        "cache": [home.cache],
        "ballast": [home.ballast, home.inode_ballast],
        "database": sorted(home.path.glob(f"{home.database.name}*")),
    }
    parts = [_part(name, paths, seen, aside) for name, paths in folders.items()]
    return [*parts, _part("other", [home.path], seen, [])]


def measured(
    home: Home,
    database: Database,
    jobs: JobRemoval,
    *,
    jobs_quota_bytes: int | None,
    environments_quota_bytes: int | None,
) -> UsageRecord:
    """Return what ``home`` takes, and who has which share of it."""
    parts = parts_of(home)
    count, pinned = database.read(removal_rows.count)
    sizes = {part.name: part.size_bytes for part in parts if part.name in _OF_ENVIRONMENTS}
    return UsageRecord(
        parts=parts,
        jobs=count,
        free_bytes=free_below(home.path),
        pinned=pinned,
        shares=[
            Share(
                name="environments",
                size_bytes=sum(sizes.values()),
                quota_bytes=environments_quota_bytes,
                kinds=sizes,
            ),
            _of_jobs(jobs, jobs_quota_bytes),
            _of_trees(database),
        ],
    )


_OF_ENVIRONMENTS = frozenset({"store", "environments"})


def _of_jobs(jobs: JobRemoval, quota_bytes: int | None) -> Share:
    kept, sizes = jobs.kept()
    files = {sha256 for job in kept for sha256 in job.files}
    kinds = {
        "calls": sum(job.calls_bytes for job in kept),
        "results": sum(job.results_bytes for job in kept),
        "logs": sum(job.logs_bytes for job in kept),
        "files": sum(sizes.get(sha256, 0) for sha256 in files),
    }
    size = taken(kept, sizes)
    return Share(name="jobs", size_bytes=size, quota_bytes=quota_bytes, kinds=kinds)


def _of_trees(database: Database) -> Share:
    """Return what the working trees take in the index, by project."""
    kinds: defaultdict[str, int] = defaultdict(int)
    for file in database.read(queries.trees):
        kinds[file.project] += file.size
    return Share(name="trees", size_bytes=sum(kinds.values()), quota_bytes=None, kinds=dict(kinds))


def _part(
    name: str, paths: Iterable[Path], seen: set[tuple[int, int]], without: Collection[Path]
) -> UsagePart:
    total = _Sum()
    for path in paths:
        for status in files_below(path, without=set(without) - {path}):
            key = (status.st_dev, status.st_ino)
            if key not in seen:
                seen.add(key)
                total.files, total.size = total.files + 1, total.size + status.st_blocks * BLOCK
    return UsagePart(name=name, files=total.files, size_bytes=total.size)
