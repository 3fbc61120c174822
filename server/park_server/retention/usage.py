"""What the parts of a home take on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from park.wire import UsagePart, UsageRecord
from park_server.home import Home
from park_server.retention.sizes_on_disk import BLOCK, files_below, free_below

__all__ = ["usage_of"]


@dataclass(slots=True)
class _Sum:
    files: int = 0
    size: int = 0


def usage_of(home: Home, jobs: int) -> UsageRecord:
    """Measure ``home``, which takes a look at each of its files; ``jobs`` are those it knows.

    What is linked from several places counts where it is met first.
    """
    seen: set[tuple[int, int]] = set()
    folders = {
        "store": home.path / "store",
        "environments": home.path / "envs",
        "index": home.index,
        "files": home.files,
        "jobs": home.jobs,
        "areas": home.path / "areas",
        "cache": home.cache,
    }
    parts = [_part(name, folder, seen) for name, folder in folders.items()]
    beside = [path for path in home.path.glob(f"{home.database.name}*") if path.is_file()]
    size = sum(path.stat().st_size for path in beside)
    parts.append(UsagePart(name="database", files=len(beside), size_bytes=size))
    free = free_below(home.path)
    return UsageRecord(parts=parts, jobs=jobs, free_bytes=free)


def _part(name: str, folder: Path, seen: set[tuple[int, int]]) -> UsagePart:
    total = _Sum()
    for status in files_below(folder):
        key = (status.st_dev, status.st_ino)
        if key not in seen:
            seen.add(key)
            total.files, total.size = total.files + 1, total.size + status.st_blocks * BLOCK
    return UsagePart(name=name, files=total.files, size_bytes=total.size)
