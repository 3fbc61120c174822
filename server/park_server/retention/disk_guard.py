"""Keeps room on the disk: a job that takes too much is stopped, and says so."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from park.model.conditions import brief
from park.model.ids import JobId
from park.model.sizes import shown_size
from park_server.retention.ballast import Ballast
from park_server.retention.job_places import JobPlaces, LastOf, RunningJob, Taken
from park_server.retention.room_on_disk import Room, Rooms
from park_server.tasks import Tasks

__all__ = ["DiskGuard", "RunningJobs", "one_to_stop"]

_log = logging.getLogger("park.disk")

_SHARE = 10
"""Who takes less than this part of the reserve did not fill the disk: others do, too. A place that
has less than this part of what a job takes is not told of."""

_REST = 10
"""Times as long as a look took nothing is measured, where there is room: a user's area may have a
million files."""

_STREAMS = ("stdout", "stderr")

LOOK_S = 1.0
"""From one look at the disk to the next; where no job runs, there is nothing to look at."""


class RunningJobs(Protocol):
    """The jobs that run; see `park_server.jobs.dispatcher`."""

    def running(self) -> Sequence[RunningJob]:
        """Return the jobs that run."""

    def stop_for_room(self, job: JobId, why: str) -> None:
        """Stop ``job``, which fails for the reason ``why``; its files are not kept."""


class DiskGuard:
    """Looks at the disk while jobs run. All methods belong to the event loop.

    Where less than the reserve of ``rooms`` is free, the job that takes most in its ``places`` is
    stopped, so that the service and all others can go on; and so is the one that has made most
    files where fewer than are reserved can still be made. A job that takes more than
    ``quota_bytes`` is stopped in any case, and one that has written more than ``log_bytes`` to its
    streams; None: there is no such limit. ``give_back`` gives the room back that a job which was
    stopped takes beside its folder, where it may; where that is too little, the ballast goes, so
    that its end can be written down.
    """

    def __init__(
        self,
        *,
        jobs: RunningJobs,
        folder_of: Callable[[JobId], Path],
        places: JobPlaces,
        rooms: Rooms,
        quota_bytes: int | None,
        log_bytes: int | None = None,
        give_back: Callable[[RunningJob, Taken], Awaitable[None]] | None = None,
        look_s: float = LOOK_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs = jobs
        self._folder_of = folder_of
        self._places = places
        self._rooms = rooms
        self._quota = quota_bytes
        self._log_bytes = log_bytes
        self._give_back = give_back
        self._look_s = look_s
        self._clock = clock
        self._rests_until = float("-inf")
        self._stopped: dict[JobId, LastOf] = {}
        self._tasks = Tasks(_log, "the disk could not be looked at")

    def start(self) -> None:
        """Begin to look."""
        self._tasks.spawn(self._look_again_and_again())

    async def stop(self) -> None:
        """Look no more."""
        await self._tasks.stop()

    async def look(self) -> None:
        """Stop what takes too much at this moment."""
        running = {job.id: job for job in self._jobs.running()}
        for gone in self._stopped.keys() - running.keys():
            self._places.settle(self._stopped.pop(gone))
        asked = [job for name, job in running.items() if name not in self._stopped]
        size, inodes = self._rooms.both
        free = {room: room.free() for room in (size, inodes)}
        short = [room for room, left in free.items() if left < room.reserve]
        reserve = size.reserve if size in short else None
        if self._log_bytes is not None:
            self._stop_writers(asked, self._log_bytes)
        for room in free.keys() - short:
            await _hold(room, free[room])
        if self._stopped and short:
            return  # what was stopped gives room when it has ended
        if asked and inodes in short:
            await self._count(asked)
        has_rested = self._quota is not None and self._clock() >= self._rests_until
        if asked and (reserve is not None or has_rested):
            await self._look_at(asked, reserve)
        for room in short:
            if not self._stopped and free[room] < room.ballast.size:
                await _let_go(room.ballast)

    async def _look_at(self, jobs: Sequence[RunningJob], reserve: int | None) -> None:
        began = self._clock()
        taken = await self._places.measured(jobs)
        took_s = self._clock() - began
        if _REST * took_s > self._look_s:
            self._rests_until = self._clock() + _REST * took_s
        found = one_to_stop(taken, quota=self._quota, reserve=reserve)
        await self._stop_found(jobs, found, taken)

    async def _stop_found(
        self,
        jobs: Sequence[RunningJob],
        found: tuple[JobId, str] | None,
        taken: Mapping[JobId, Taken],
    ) -> None:
        if found is None:
            return
        (job,) = (each for each in jobs if each.id == found[0])
        self._stop(job, found[1])
        if self._give_back is not None:
            await self._give_back(job, taken[job.id])

    async def _count(self, jobs: Sequence[RunningJob]) -> None:
        """Stop the one of ``jobs`` that has made so many files that none can be made any more."""
        made = await self._places.counted(jobs)
        found = one_to_stop(made, quota=None, reserve=self._rooms.inodes.reserve, told=_IN_INODES)
        await self._stop_found(jobs, found, made)

    def _stop(self, job: RunningJob, why: str) -> None:
        self._stopped[job.id] = self._places.last_of(job)
        _log.warning("job %s is stopped: %s", brief(job.id), why)
        self._jobs.stop_for_room(job.id, why)

    def _stop_writers(self, jobs: Sequence[RunningJob], limit: int) -> None:
        """Stop each of ``jobs`` whose log is longer than ``limit``."""
        for job in jobs:
            size = sum(_size(self._folder_of(job.id) / name) for name in _STREAMS)
            if size > limit:
                self._stop(
                    job,
                    f"it wrote {shown_size(size)} of log, more than the {shown_size(limit)} of a"
                    " job here (--job-log), and was stopped: write less, or into a file",
                )

    async def _look_again_and_again(self) -> None:
        for room in self._rooms.both:  # before the first job is there
            await _hold(room, room.free(), anew=True)
        while True:
            await asyncio.sleep(self._look_s)
            await self.look()


async def _hold(room: Room, free: int, *, anew: bool = False) -> None:
    """Hold the ballast of ``room``, of which so much is ``free``, where it leaves the reserve.

    ``anew``: also one that an earlier service left, which may have held another size.
    """
    ballast = room.ballast
    more = 0 if ballast.is_held else ballast.size
    if (anew or more) and free >= room.reserve + more:
        await asyncio.to_thread(ballast.hold)


async def _let_go(ballast: Ballast) -> None:
    if ballast.is_held:
        _log.warning(
            "the disk is full, and no job to be stopped: the last %s that were held are free"
            " now; remove something",
            ballast.shown,
        )
        await asyncio.to_thread(ballast.let_go)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """How an amount is ``shown``, and what is said of one that ``takes`` it, and is ``short``."""

    shown: Callable[[int], str]
    takes: str
    short: str


_IN_BYTES = _Told(shown=shown_size, takes="its files take {}", short="less than {} are free")
_IN_INODES = _Told(
    shown=lambda count: f"{count:,} files", takes="it has made {}", short="fewer than {} can follow"
)


def one_to_stop(
    taken: Mapping[JobId, Taken],
    *,
    quota: int | None,
    reserve: int | None,
    told: _Told = _IN_BYTES,
) -> tuple[JobId, str] | None:
    """Return the job that has to be stopped, and why; None where none has.

    ``quota`` is what one may take, ``reserve`` how much should be free where less is (else None),
    both in bytes, or in files where that is ``told``. It is the largest: to stop another would not
    help. Where none is known to take much, it is the one that may have taken most: whoever has
    his writing counted nowhere must not have the disk.
    """
    job = max(taken, key=lambda each: taken[each].likely, default=None)
    if job is None:
        return None
    size = taken[job].likely
    if quota is not None and size > max(quota, 0):
        return job, (
            f"{told.takes.format(told.shown(size))}{_where(taken[job], size, told)}, more than the"
            f" {told.shown(quota)} of a job here, and it was stopped"
        )
    if reserve is None:
        return None
    if _SHARE * size < reserve:
        job = max(taken, key=lambda each: taken[each].at_most)
        size = taken[job].at_most
    if size and _SHARE * size >= reserve:
        return job, (
            f"it filled the disk of the service: {told.takes.format(told.shown(size))}"
            f"{_where(taken[job], size, told)}, and {told.short.format(told.shown(reserve))};"
            " it was stopped"
        )
    return None


def _where(taken: Taken, whole: int, said: _Told) -> str:
    """Say where much of the ``whole`` that a job takes is, if not in its folder."""
    beside = {**taken.shared, "files that it has open elsewhere": taken.elsewhere}
    much = {name: size for name, size in beside.items() if size and _SHARE * size >= whole}
    places = ", ".join(f"{said.shown(size)} to {name}" for name, size in much.items())
    return f" (since it began came {places})" if places else ""
