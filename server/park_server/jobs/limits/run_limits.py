"""The limits of running jobs: on their time, and on how long they may say nothing.

They are limits of the call: they count from when it begins, and not from the start of an
interpreter, whose imports may take longer (the first job after an edit of a large package).

What says nothing of its progress any more is asked to stop and to keep its best, and ended
after a grace. A limit that the submission set counts before the callable's own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from park.model.ids import JobId
from park_server.jobs.engines.engine import Engine
from park_server.jobs.folder import JobFolders
from park_server.jobs.run import Run

__all__ = ["Limits"]

_log = logging.getLogger("park.jobs")

START_S = 600.0
"""How long it may take until a call begins: a first compilation by numba takes minutes, and what
hangs while it is imported is not to hang for ever."""

_LOOKS = 10
"""In the time that a job may say nothing: it is ended a tenth later than it could be."""

_SHORTEST_LOOK_S, _LONGEST_LOOK_S = 0.05, 10.0


class Limits:
    """Watches runs; ``end`` has a job ended. All methods belong to the event loop.

    ``grace_s`` is how long one that was asked to stop has for it.
    """

    def __init__(
        self,
        *,
        folders: JobFolders,
        engine: Engine,
        end: Callable[[JobId], None],
        grace_s: float,
    ) -> None:
        self._folders = folders
        self._engine = engine
        self._end = end
        self._grace_s = grace_s

    def expect(self, run: Run) -> None:
        """Expect that the call of ``run``, which has limits, begins within `START_S`."""
        if run.timeout_s is not None or run.job.stalled_after_s is not None:
            loop = asyncio.get_running_loop()
            run.timers["start"] = loop.call_later(START_S, self._give_up, run)

    def begin(self, run: Run, since: float) -> None:
        """Watch ``run``, whose call began ``since`` seconds after the epoch; once."""
        if run.has_begun:
            return
        run.began(since)
        if (start := run.timers.pop("start", None)) is not None:
            start.cancel()
        if run.is_marked:
            self.watch_marked(run)
        else:
            self.watch(run)

    def resume(self, run: Run) -> None:
        """Watch ``run``, which an earlier service started: its time goes on."""
        run.has_begun = True
        self.watch_marked(run)

    def watch(self, run: Run) -> None:
        """Watch ``run`` by the limits of its submission."""
        self._watch(run, run.timeout_s, run.job.stalled_after_s)

    def watch_marked(self, run: Run) -> None:
        """Watch ``run`` by the limits of ``@park.job`` as well, which only its process knows.

        It says them before its call begins, where it has imported that by itself.
        """
        run.is_marked = True
        if not run.has_begun:
            return
        marks = self._folders.marks(run.id, run.attempt)
        timeout_s, stalled_after_s = run.timeout_s, run.job.stalled_after_s
        self._watch(
            run,
            marks.timeout_s if timeout_s is None else timeout_s,
            marks.stalled_after_s if stalled_after_s is None else stalled_after_s,
        )

    def _watch(self, run: Run, timeout_s: float | None, stalled_after_s: float | None) -> None:
        if timeout_s is not None and "time" not in run.timers:
            spent = datetime.now(UTC) - datetime.fromisoformat(run.started)  # restarts count
            left, loop = max(0.0, timeout_s - spent.total_seconds()), asyncio.get_running_loop()
            run.timers["time"] = loop.call_later(left, self._expire, run, timeout_s)
        if stalled_after_s is not None and "reports" not in run.timers:
            self._look(run, stalled_after_s, -1, 0.0)

    def _give_up(self, run: Run) -> None:
        run.late_s = START_S
        self._end(run.id)

    def _expire(self, run: Run, timeout_s: float) -> None:
        run.timed_out_s, use = timeout_s, self._engine.processor_use(run.id)
        run.forked_cpu_s = use.cpu_s if use is not None and use.is_forked else None
        self._end(run.id)

    def _look(self, run: Run, limit_s: float, before: int, since: float) -> None:
        """Look at the reports, of which there were ``before`` bytes ``since`` a while.

        By what this process sees: no clock of another machine, and none that is set.
        """
        loop = asyncio.get_running_loop()
        size = self._folders.progress_size(run.id)
        if size != before:
            before, since = size, loop.time()
        if loop.time() - since >= limit_s:
            self._stall(run, limit_s)
            return
        pause = min(max(limit_s / _LOOKS, _SHORTEST_LOOK_S), _LONGEST_LOOK_S)
        again = partial(self._look, run, limit_s, before, since)
        run.timers["reports"] = loop.call_later(pause, again)

    def _stall(self, run: Run, limit_s: float) -> None:
        run.stalled_s = limit_s
        try:
            self._folders.ask_to_stop(run.id)
        except OSError:
            _log.exception("job %s could not be asked to stop, and is ended", run.id)
            self._end(run.id)
            return
        loop = asyncio.get_running_loop()
        run.timers["reports"] = loop.call_later(self._grace_s, self._end, run.id)
