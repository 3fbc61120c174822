"""The stages of a start, told on stderr where they take longer than people wait for a word."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from park_server.log_lines.setup import tell

__all__ = ["Stages", "said"]

_SILENT_S = 1.0
"""How long nothing may be said: longer, and people think that nothing goes on."""

_Say = Callable[[str], object]


def said(line: str) -> None:
    """Write ``line`` for whoever watches the start; nothing where nobody can read it."""
    tell(f"park serve: {line}")


class Stages:
    """Says the stage that a start is at whenever nothing was said for a second.

    From a thread of its own for each stage, since most stages hold the others; a start whose
    stages are quick says nothing.
    """

    def __init__(
        self,
        *,
        say: _Say = said,
        silent_s: float = _SILENT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._silent_s = silent_s
        self._clock = clock
        self._last = clock()

    @contextmanager
    def at(self, what: str | Callable[[], str]) -> Iterator[None]:
        """Be at the stage ``what``, which is asked for where it takes time to know."""

        def tell() -> None:
            self._last = self._clock()
            self._say(what if isinstance(what, str) else what())

        left = max(self._last + self._silent_s - self._clock(), 0.0)
        timer = threading.Timer(left, tell)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
