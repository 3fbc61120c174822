"""Keeps room on the disk: a job that takes too much is stopped, and says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from park.model.conditions import brief
from park.model.ids import JobId
from park.model.sizes import shown_size
from park_server.retention.sizes_on_disk import size_below
from park_server.tasks import Tasks

__all__ = ["DiskGuard", "RunningJobs", "one_to_stop"]

_log = logging.getLogger("park.disk")

_SHARE = 10
"""Who takes less than this part of the reserve did not fill the disk: others do, too."""

_STREAMS = ("stdout", "stderr")

LOOK_S = 1.0
"""From one look at the disk to the next; where no job runs, there is nothing to look at."""


class RunningJobs(Protocol):
    """The jobs that run; see `park_server.jobs.dispatcher`."""

    def running(self) -> Sequence[JobId]:
        """Return the jobs that run."""

    def stop_for_room(self, job: JobId, why: str) -> None:
        """Stop ``job``, which fails for the reason ``why``; its files are not kept."""


class DiskGuard:
    """Looks at the disk while jobs run. All methods belong to the event loop.

    Where less than ``reserve_bytes`` are free, the job that takes most is stopped, so that the
    service and all others can go on. A job that takes more than ``quota_bytes`` is stopped in
    any case, and one that has written more than ``log_bytes`` to its streams; None: there is no
    such limit. ``free`` tells how many bytes are left.
    """

    def __init__(
        self,
        *,
        jobs: RunningJobs,
        folder_of: Callable[[JobId], Path],
        free: Callable[[], int],
        reserve_bytes: int,
        quota_bytes: int | None,
        log_bytes: int | None = None,
        look_s: float = LOOK_S,
    ) -> None:
        self._jobs = jobs
        self._folder_of = folder_of
        self._free = free
        self._reserve = reserve_bytes
        self._quota = quota_bytes
        self._log_bytes = log_bytes
        self._look_s = look_s
        self._stopped: set[JobId] = set()
        self._tasks = Tasks(_log, "the disk could not be looked at")

    def start(self) -> None:
        """Begin to look."""
        self._tasks.spawn(self._look_again_and_again())

    async def stop(self) -> None:
        """Look no more."""
        await self._tasks.stop()

    async def look(self) -> None:
        """Stop what takes too much at this moment."""
        running = self._jobs.running()
        self._stopped.intersection_update(running)
        asked = [job for job in running if job not in self._stopped]
        if not asked:
            return
        if self._log_bytes is not None:
            self._stop_writers(asked, self._log_bytes)
        is_short = self._free() < self._reserve
        if not (is_short or self._quota is not None):
            return
        if is_short and self._stopped:
            return  # what was stopped gives room when it has ended
        sizes = await asyncio.to_thread(self._measured, asked)
        found = one_to_stop(sizes, quota=self._quota, reserve=self._reserve if is_short else None)
        if found is not None:
            self._stop(*found)

    def _stop(self, job: JobId, why: str) -> None:
        self._stopped.add(job)
        _log.warning("job %s is stopped: %s", brief(job), why)
        self._jobs.stop_for_room(job, why)

    def _stop_writers(self, jobs: Sequence[JobId], limit: int) -> None:
        """Stop each of ``jobs`` whose log is longer than ``limit``."""
        for job in jobs:
            size = sum(_size(self._folder_of(job) / name) for name in _STREAMS)
            if size > limit:
                self._stop(
                    job,
                    f"it wrote {shown_size(size)} of log, more than the {shown_size(limit)} of a"
                    " job here (--job-log), and was stopped: write less, or into a file",
                )

    async def _look_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(self._look_s)
            await self.look()

    def _measured(self, jobs: Sequence[JobId]) -> dict[JobId, int]:
        return {job: size_below(self._folder_of(job)) for job in jobs}


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def one_to_stop(
    sizes: Mapping[JobId, int], *, quota: int | None, reserve: int | None
) -> tuple[JobId, str] | None:
    """Return the job that has to be stopped, and why; None where none has.

    ``sizes`` are in bytes; ``quota`` is what one may take, ``reserve`` how much should be free
    where less is (else None). It is the largest: to stop another would not help.
    """
    job, size = max(sizes.items(), key=lambda item: item[1], default=(None, 0))
    if job is None or size == 0:
        return None
    if quota is not None and size > quota:
        return job, (
            f"its files take {shown_size(size)}, more than the {shown_size(quota)} of a job here, "
            "and it was stopped"
        )
    if reserve is not None and _SHARE * size >= reserve:
        return job, (
            f"it filled the disk of the service: its files take {shown_size(size)}, and less than "
            f"{shown_size(reserve)} are free; it was stopped"
        )
    return None
