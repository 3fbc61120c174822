"""One axis of a chart: from values to places on it, and where its ticks are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

__all__ = ["Axis", "axis_of"]

_DECADES = 1.5
"""What spans more, and has no value at or below zero, is drawn on a logarithmic axis."""

_MOST_TICKS = 6
_ROOM = 0.04
"""On each side of what is drawn, as a part of it."""


class Axis:
    """Values from ``low`` to ``high`` on places from ``start`` to ``end``."""

    def __init__(
        self, *, low: float, high: float, start: float, end: float, is_log: bool = False
    ) -> None:
        self.low, self.high, self.start, self.end = low, high, start, end
        self.is_log = is_log

    def place(self, value: float) -> float:
        """Return where ``value`` is drawn; what is beyond the axis is at its end."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        far = (self._scaled(min(max(value, self.low), self.high)) - low) / (high - low)
        return self.start + far * (self.end - self.start)

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.is_log else value

    def ticks(self) -> list[float]:
        """Return round values on the axis: decades, or some steps of 1, 2 or 5."""
        return self._decades() if self.is_log else self._steps()

    def _decades(self) -> list[float]:
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        if last <= first:
            return self._steps()
        step = math.ceil((last - first + 1) / _MOST_TICKS)
        return [10.0**each for each in range(first, last + 1, step)]

    def _steps(self) -> list[float]:
        rough = (self.high - self.low) / (_MOST_TICKS - 1)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next((each * power for each in (1, 2, 5) if each * power >= rough), 10 * power)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [number * step for number in range(first, last + 1)]


def axis_of(
    values: Iterable[float],
    *,
    start: float,
    end: float,
    may_be_log: bool = False,
    around: Sequence[float] = (),
) -> Axis:
    """Return an axis on which all finite ``values`` are, and those of ``around``.

    With ``may_be_log`` it is logarithmic where that shows more.
    """
    known = [float(value) for value in (*values, *around) if math.isfinite(value)]
    positive = [value for value in known if value > 0]
    # a few points of a background below zero do not make a curve over decades a linear one
    is_log = (
        may_be_log
        and len(positive) > 0.9 * len(known)
        and math.log10(max(positive) / min(positive)) > _DECADES
    )
    low, high = _limits(positive if is_log else known)
    if is_log:
        low, high = (10.0**each for each in _widened(math.log10(low), math.log10(high)))
        return Axis(low=low, high=high, start=start, end=end, is_log=True)
    low, high = _widened(low, high)
    return Axis(low=low, high=high, start=start, end=end)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    return (min(values), max(values)) if values else (0.0, 1.0)


def _widened(low: float, high: float) -> tuple[float, float]:
    room = (high - low) * _ROOM or abs(high) * _ROOM or 1.0
    return low - room, high + room
