"""Hears when a job reports progress, as long as somebody waits for that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from park.model.ids import JobId
from park_server.bus import Bus
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.progress_log import PROGRESS_FILE

__all__ = ["ProgressListener", "progress_of"]

_LOOKS_EVERY_S = 0.1
"""A file that grows tells nobody on a network file system; a person does not see a tenth."""


def progress_of(job: JobId) -> str:
    """Return the subject under which the `Bus` tells of reports of ``job``."""
    return f"{job}/progress"


class ProgressListener:
    """Looks at the files of the jobs that are asked for. All methods belong to the event loop.

    ``on_growth`` is called with the id of a job that has reported something. ``runs_of`` tells
    of those among some jobs that wait for the run of another one whose run that is: what that
    reports is theirs. It is asked after commits alone, since nothing else changes it.
    """

    def __init__(
        self,
        *,
        folder_of: Callable[[JobId], Path],
        bus: Bus,
        commits: Commits,
        on_growth: Callable[[JobId], None],
        runs_of: Callable[[Collection[str]], Mapping[str, JobId]],
    ) -> None:
        self._folder_of = folder_of
        self._bus = bus
        self._on_growth = on_growth
        self._runs_of = runs_of
        self._sizes: dict[JobId, int] = {}
        self._runs: Mapping[str, JobId] = {}
        self._is_stale = True
        self._timer: asyncio.TimerHandle | None = None
        commits.subscribe(self._after_commit)

    def keep(self, jobs: Iterable[JobId]) -> None:
        """Tell of ``jobs`` until each has ended."""
        self._is_stale = True
        for job in jobs:
            self._sizes.setdefault(job, 0)
        self._arm()

    def stop(self) -> None:
        """Look at nothing any more."""
        self._sizes.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _after_commit(self, effects: Effects) -> None:
        self._is_stale = True
        if effects.progress:
            self.keep(effects.progress)
        for job in effects.ended:
            self._sizes.pop(job, None)

    def _arm(self) -> None:
        if self._timer is None and self._sizes:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_LOOKS_EVERY_S, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._is_stale and self._sizes:
            self._is_stale, self._runs = False, self._runs_of(list(self._sizes))
        for job, before in list(self._sizes.items()):
            size = self._size(job)
            if size > before:
                self._sizes[job] = size
                self._on_growth(job)
                self._bus.publish(progress_of(job))
        self._arm()

    def _size(self, job: JobId) -> int:
        try:
            return (self._folder_of(self._runs.get(job, job)) / PROGRESS_FILE).lstat().st_size
        except OSError:
            return 0
