"""Where running jobs write, and how much of what is there is of each.

A job's own folder is its alone. What else it can write to, other jobs of its user share: a /tmp,
the user's area, what is compiled. There counts what came or changed since the job began, and no
more of it than the job's processes have written.
"""

from __future__ import annotations

import asyncio
import os
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, Protocol

from park.model.ids import JobId
from park.runtime.descendants import descendants
from park_server.retention.process_writes import OpenFiles, open_files, written
from park_server.retention.sizes_on_disk import (
    BLOCK,
    are_on_one_disk,
    entries_below,
    files_below,
    once_each,
)

__all__ = ["JobPlaces", "LastOf", "RunningJob", "Taken"]

_CLOCK_STEP_S = 0.05
"""How much the clock of a file system may be behind: it is that of the kernel's last tick."""


_Opened = Mapping[JobId, OpenFiles]


class _Kind(NamedTuple):
    """What a disk has room for: what is looked at ``below`` a folder, and what each takes of it."""

    below: Callable[[Path], Iterable[os.stat_result]]
    weight: Callable[[os.stat_result], int]


_BYTES = _Kind(below=files_below, weight=lambda file: file.st_blocks * BLOCK)
_INODES = _Kind(below=entries_below, weight=lambda _: 1)


class RunningJob(Protocol):
    """An attempt that runs; ``started`` in RFC 3339, ``pid`` where a process is known for it."""

    @property
    def id(self) -> JobId: ...  # noqa: D102 (what it says)
    @property
    def user(self) -> str: ...  # noqa: D102
    @property
    def started(self) -> str: ...  # noqa: D102
    @property
    def pid(self) -> int | None: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What a job takes of the disk, in bytes; or how many files and folders it has made.

    ``own``: in its folder, and in files that it has open and that have no name any more.
    ``shared``: what came or changed since it began where other jobs of its user write as well, by
    what people call that. ``elsewhere``: in files that it has open for writing anywhere else.
    ``written``: how much its processes have written since they began; None: nobody knows.
    """

    own: int = 0
    shared: Mapping[str, int] = field(default_factory=dict)
    elsewhere: int = 0
    written: int | None = None

    @property
    def likely(self) -> int:
        """What it takes as far as that is known: it made no more than it has written.

        A file that it appends to may have been large before, and another job may have made it.
        """
        if self.written is None:
            return self.own
        others = sum(self.shared.values()) + self.elsewhere
        return self.own + min(others, max(0, self.written - self.own))

    @property
    def at_most(self) -> int:
        """What it may take: not all that is written is counted by every file system."""
        return self.own + sum(self.shared.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class LastOf:
    """Where a job wrote beside others, and when it was ``stopped``, in seconds since 1970."""

    places: tuple[Path, ...]
    stopped: float


class JobPlaces:
    """Measures what jobs take.

    ``folder_of`` is a job's own folder, ``besides`` where else it writes, by what people call
    that. ``clock`` is in seconds since 1970.
    """

    def __init__(
        self,
        *,
        home: Path,
        folder_of: Callable[[JobId], Path],
        besides: Callable[[RunningJob], Mapping[str, Path]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._home = home
        self._folder_of = folder_of
        self._besides = besides
        self._clock = clock
        self._settled: dict[Path, tuple[float, float]] = {}

    def last_of(self, job: RunningJob) -> LastOf:
        """Return where ``job``, which is stopped now, writes beside others."""
        return LastOf(places=tuple(self._besides(job).values()), stopped=self._clock())

    def settle(self, last: LastOf) -> None:
        """Take what is in these places now for that of the job, which has ended.

        It may stay there, as what is in a user's area does: no job made it that ran beside it. One
        that began after it was stopped may have written since.
        """
        for path in last.places:
            self._settled[path] = last.stopped, self._clock()

    def _since(self, job: RunningJob, path: Path) -> float:
        """Return from when on what comes to ``path`` may be of ``job``."""
        began = _began(job)
        stopped, settled = self._settled.get(path, (0.0, 0.0))
        return began if began + _CLOCK_STEP_S >= stopped else max(began, settled)

    async def measured(self, jobs: Sequence[RunningJob]) -> dict[JobId, Taken]:
        """Return what each of ``jobs`` takes, in bytes."""
        return await asyncio.to_thread(self._measured, jobs, list(map(self._besides, jobs)))

    async def counted(self, jobs: Sequence[RunningJob]) -> dict[JobId, Taken]:
        """Return how many files, folders and links each of ``jobs`` has made."""
        return await asyncio.to_thread(self._counted, jobs, list(map(self._besides, jobs)))

    def _measured(
        self, jobs: Sequence[RunningJob], besides: Sequence[Mapping[str, Path]]
    ) -> dict[JobId, Taken]:
        processes = {job.id: _processes(job) for job in jobs}
        opened = {job.id: open_files(processes[job.id], on=self._home) for job in jobs}
        own = {job.id: self._own(job, opened[job.id], _BYTES) for job in jobs}
        shared = self._shared(jobs, besides, opened, _BYTES)
        return {
            job.id: Taken(
                own=own[job.id] + sum(f.size for f in opened[job.id].values() if not f.names),
                shared=shared[job.id],
                elsewhere=sum(f.size for f in opened[job.id].values() if f.names),
                written=written(processes[job.id]),
            )
            for job in jobs
        }

    def _counted(
        self, jobs: Sequence[RunningJob], besides: Sequence[Mapping[str, Path]]
    ) -> dict[JobId, Taken]:
        # of descriptors a process has fewer than a disk has inodes: what is open is not looked at
        opened: dict[JobId, OpenFiles] = {job.id: {} for job in jobs}
        shared = self._shared(jobs, besides, opened, _INODES)
        own = {job.id: self._own(job, {}, _INODES) for job in jobs}
        # who made a file the system counts nowhere: all that came may be of each that writes there
        return {
            job.id: Taken(
                own=own[job.id],
                shared=shared[job.id],
                written=own[job.id] + sum(shared[job.id].values()),
            )
            for job in jobs
        }

    def _own(self, job: RunningJob, opened: OpenFiles, kind: _Kind) -> int:
        """Return what is in its folder, which is no longer among what it has ``opened``."""
        size = 0
        for each in once_each(kind.below(self._folder_of(job.id))):
            opened.pop((each.st_dev, each.st_ino), None)
            size += kind.weight(each)
        return size

    def _shared(
        self,
        jobs: Sequence[RunningJob],
        besides: Sequence[Mapping[str, Path]],
        opened: _Opened,
        kind: _Kind,
    ) -> dict[JobId, dict[str, int]]:
        """Return what came to the places of ``jobs`` since each began, each looked at once."""
        places: dict[Path, list[tuple[RunningJob, str]]] = {}
        for job, its in zip(jobs, besides, strict=True):
            for name, path in its.items():
                places.setdefault(path, []).append((job, name))
        found: dict[JobId, dict[str, int]] = {job.id: {} for job in jobs}
        for path, writers in places.items():
            if not are_on_one_disk(path, self._home):
                continue
            since = [self._since(job, path) for job, _ in writers]
            there = [opened[job.id] for job, _ in writers]
            for (job, name), size in zip(writers, _newer(path, since, there, kind), strict=True):
                found[job.id][name] = size
        return found


def _newer(
    path: Path, since: Sequence[float], opened: Sequence[OpenFiles], kind: _Kind
) -> list[int]:
    """Return how much below ``path`` came or changed from each moment of ``since`` on."""
    moments = sorted(set(since))
    sizes = [0] * (len(moments) + 1)
    for each in once_each(kind.below(path)):
        for files in opened:
            files.pop((each.st_dev, each.st_ino), None)
        sizes[bisect_right(moments, each.st_ctime)] += kind.weight(each)
    from_behind = list(accumulate(reversed(sizes)))[::-1]  # of all that is newer than a moment
    newer = dict(zip(moments, from_behind[1:], strict=True))
    return [newer[moment] for moment in since]


def _began(job: RunningJob) -> float:
    return datetime.fromisoformat(job.started).timestamp() - _CLOCK_STEP_S


def _processes(job: RunningJob) -> list[int]:
    return [] if job.pid is None else [job.pid, *descendants(job.pid)]
