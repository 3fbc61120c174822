"""How far a fetch is, where the progress of any job is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["Progress"]

_BETWEEN_REPORTS_S = 0.2


class Progress:
    """Appends reports in the format of `park.progress`: bytes ``done`` of ``total``."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._last = -_BETWEEN_REPORTS_S
        self._said: tuple[int, int | None] | None = None

    def report(self, done: int, total: int | None, *, is_last: bool = False) -> None:
        """Report, unless the last report was less than a fifth of a second ago."""
        moment = self._clock()
        if not is_last and moment - self._last < _BETWEEN_REPORTS_S:
            return
        if (done, total) == self._said:
            return
        self._last, self._said = moment, (done, total)
        line = {"time": time.time(), "done": done, "total": total, "values": {"unit": "bytes"}}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
