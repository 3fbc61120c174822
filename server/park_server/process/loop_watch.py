"""How long the event loop is held by one step, and by what: nobody should wait for somebody else.

A thread asks the loop for a sign of life, again and again. Where none comes within the limit
it looks at what the loop's thread is doing, and waits on for the whole of the time. Off unless
the operator asks for it (``park serve --watch-loop``): it costs some thousandths of a core.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass
from types import FrameType

__all__ = ["Hold", "LoopWatch"]

_log = logging.getLogger("park.loop")

_PAUSE_S = 0.01
_MOST_KEPT = 100
_MOST_FRAMES = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """A time in which the loop did nothing else.

    ``seconds`` by the clock; ``cpu_s`` of them in which its thread ran, which a busy machine
    does not prolong; ``at`` is what ran when the limit had passed, the innermost call last.
    """

    seconds: float
    cpu_s: float
    at: tuple[str, ...]


class LoopWatch:
    """A watch of one loop; made and stopped in it. ``limit_s`` is what is worth a line."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.holds: deque[Hold] = deque(maxlen=_MOST_KEPT)
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._cpu_clock = time.pthread_getcpuclockid(self._thread_id)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="park-loop-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(_PAUSE_S):
            try:
                self._look()
            except RuntimeError:  # the loop is closed
                return

    def _look(self) -> None:
        alive = threading.Event()
        began, cpu = time.monotonic(), time.clock_gettime(self._cpu_clock)
        self._loop.call_soon_threadsafe(alive.set)
        if alive.wait(self.limit_s):
            return
        at = _places(sys._current_frames().get(self._thread_id))  # noqa: SLF001 (documented for this)
        while not alive.wait(_PAUSE_S):
            if self._stopped.is_set():
                return
        hold = Hold(
            seconds=time.monotonic() - began,
            cpu_s=time.clock_gettime(self._cpu_clock) - cpu,
            at=at,
        )
        self.holds.append(hold)
        _log.warning(
            "the event loop was held for %.0f ms (%.0f ms of its processor) by %s",
            hold.seconds * 1e3,
            hold.cpu_s * 1e3,
            " > ".join(hold.at),
        )


def _places(frame: FrameType | None) -> tuple[str, ...]:
    """Return the innermost calls of a stack, as module:line:function."""
    if frame is None:
        return ()
    found = traceback.extract_stack(frame)[-_MOST_FRAMES:]
    return tuple(f"{each.filename.rpartition('/')[2]}:{each.lineno}:{each.name}" for each in found)
