"""What leaves the client's cache: what nobody used for long, then the longest unused over a quota.

Each saved edit leaves a wheel. Whatever is gone is only made again, so the rule is simple:
an entry is used when something in it is read, which sets the time of its record.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from park.build.cache import Cache

__all__ = ["Entry", "evict_now_and_then", "evicted"]

_DAY_S = 86_400.0
_MAX_AGE_S = 30 * _DAY_S
_QUOTA_BYTES = 2 << 30
"""Some hundred build environments, or thousands of wheels of a model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A file or folder of the cache: its ``size`` in bytes, and when it was last used (s)."""

    path: Path
    size: int
    used: float


def evicted(
    entries: Iterable[Entry],
    *,
    now: float,
    max_age_s: float = _MAX_AGE_S,
    quota_bytes: int = _QUOTA_BYTES,
) -> tuple[Entry, ...]:
    """Return those of ``entries`` that have to go, the longest unused first.

    What was used within the last day stays, whatever the quota: it is in use.
    """
    oldest_first = sorted(entries, key=lambda entry: entry.used)
    excess = sum(entry.size for entry in oldest_first) - quota_bytes
    gone = []
    for entry in oldest_first:
        age = now - entry.used
        if age > max_age_s or (excess > 0 and age > _DAY_S):
            gone.append(entry)
            excess -= entry.size
    return tuple(gone)


def evict_now_and_then(cache: Cache, *, clock: Callable[[], float] = time.time) -> None:
    """Evict, at most once a day; called after a build, which is when the cache has grown."""
    stamp = cache.root / "evicted"
    with suppress(OSError):
        if clock() - stamp.stat().st_mtime < _DAY_S:
            return
    cache.root.mkdir(parents=True, exist_ok=True)
    cache.mark()
    stamp.touch()
    for entry in evicted(_entries(cache), now=clock()):
        _remove(entry.path)


def _entries(cache: Cache) -> Iterator[Entry]:
    """Yield what may go: finished wheels, build environments, answers, memories, files of jobs."""
    for record in cache.wheels.glob("*/*/wheel.json"):
        yield _folder(record.parent, record)
    for record in cache.environments.glob("*/environment.json"):
        yield _folder(record.parent, record)
    for record in cache.unpacked.glob("*/*.dist-info/RECORD"):
        yield _folder(record.parent.parent, record)
    for folder, pattern in (
        (cache.answers, "*.json"),
        (cache.files, "*/*"),
        (cache.hashes, "*.json"),
        (cache.known_sets, "*.json"),
        (cache.last_wheels, "*.json"),
        (cache.exports, "*.lock"),
        (cache.wheels, "*/*.lock"),
    ):
        for file in folder.glob(pattern):
            with suppress(OSError):
                status = file.stat()
                yield Entry(path=file, size=status.st_size, used=status.st_mtime)


def _folder(folder: Path, record: Path) -> Entry:
    size = sum(
        os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 (environments have many files)
        for parent, _, names in os.walk(folder)
        for name in names
    )
    return Entry(path=folder, size=size, used=record.stat().st_mtime)


def _remove(path: Path) -> None:
    """Remove an entry; of a folder the record first, so that a half-removed one is none."""
    with suppress(OSError):
        for record in ("wheel.json", "environment.json"):
            (path / record).unlink(missing_ok=True)
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
