"""What bumps calls at each step of a fit: keeps the best point, and reports it."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Callable

from park.fitting.fit_problem import finite
from park.jobside import progress

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

    from park.fitting.early_end import Stop

__all__ = ["Convergence", "Monitor"]

_BETWEEN_REPORTS_S = 0.2
"""Faster than a person reads, slow enough to cost a fit nothing."""

_BETWEEN_KEPT_S = 5.0
"""How old the best point on the disk may be, for fits that nobody can stop any more."""


class Convergence:
    """The course of a fit: at each step its number, the seconds so far, and the lowest chisq."""

    def __init__(self) -> None:
        self.step = array("q")
        self.seconds = array("d")
        self.chisq = array("d")

    def add(self, step: int, seconds: float, chisq: float) -> None:
        """Add a step."""
        self.step.append(step)
        self.seconds.append(seconds)
        self.chisq.append(chisq)


class Monitor:
    """The steps of a fit: how many, the lowest cost, and the ``best`` point, which has it.

    ``scale`` makes chisq of a cost, ``total`` is the most steps that there can be, and ``keep``
    is called with the best point now and then.
    """

    def __init__(
        self,
        *,
        scale: float,
        total: int | None,
        stop: Stop,
        keep: Callable[[Monitor], None] = lambda _: None,
    ) -> None:
        self.step = 0
        self.best: list[float] | None = None
        self.convergence = Convergence()
        self._scale = scale
        self._total = total
        self._stop = stop
        self._keep = keep
        self._lowest = math.inf
        self._last, self._of_earlier_starts = 0, 0
        self._began = time.monotonic()
        self._reported, self._kept, self._has_news = -math.inf, self._began, False

    @property
    def chisq(self) -> float:
        """The chisq of the best point; infinite before the first step."""
        return self._lowest * self._scale

    def config_history(self, history: Any) -> None:
        """Ask for what is read."""
        history.requires(value=1, step=1, point=1)

    def __call__(self, history: Any) -> None:
        """Take note of a step."""
        self._count(int(history.step[0]))
        value = float(history.value[0])
        if value < self._lowest:
            self._lowest, self._has_news = value, True
            self.best = [float(each) for each in history.point[0]]
        now = time.monotonic()
        self.convergence.add(self.step, now - self._began, self.chisq)
        self._stop.judge(self.chisq)
        if now - self._reported >= _BETWEEN_REPORTS_S:
            self._reported = now
            self.report(self.chisq)
        if self._has_news and now - self._kept >= _BETWEEN_KEPT_S:
            self._kept, self._has_news = now, False
            self._keep(self)

    def report(self, chisq: float | None) -> None:
        """Say how far the fit is, and the ``chisq`` of its best point."""
        # dream counts the population that it starts with as a step or two
        done = self.step if self._total is None else min(self.step, self._total)
        progress(done, self._total, chisq=None if chisq is None else finite(chisq))

    def _count(self, step: int) -> None:
        """Count on where a fitter that starts several times begins again."""
        if step < self._last:
            self._of_earlier_starts += self._last
        self._last = step
        self.step = self._of_earlier_starts + step
