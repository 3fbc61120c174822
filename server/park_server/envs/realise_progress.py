"""How far the stages of an install are, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Literal

__all__ = ["Counter", "OnProgress", "Progress", "Stage", "Unit", "ignore_progress"]

Stage = Literal["build", "resolve", "download", "unpack", "compile", "link"]
Unit = Literal["bytes", "files", "pins", "wheels"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far one stage is. ``total`` may grow while the stage runs (wheels tell it)."""

    stage: Stage
    done: int
    total: int
    unit: Unit


OnProgress = Callable[[Progress], object]
"""Called from several threads, one call at a time for each stage."""


def ignore_progress(_: Progress) -> None:
    """Watch nothing."""


class Counter:
    """Counts one stage from several threads and reports each change."""

    def __init__(self, stage: Stage, unit: Unit, report: OnProgress, *, total: int = 0) -> None:
        self._stage: Stage = stage
        self._unit: Unit = unit
        self._report = report
        self._lock = Lock()
        self._done, self._total = 0, total

    def expect(self, more: int) -> None:
        """Add ``more`` to the total."""
        self._change(0, more)

    def advance(self, done: int = 1) -> None:
        """Add ``done`` to what is done."""
        self._change(done, 0)

    def _change(self, done: int, more: int) -> None:
        with self._lock:
            self._done += done
            self._total += more
            self._report(
                Progress(stage=self._stage, done=self._done, total=self._total, unit=self._unit)
            )
