"""A curve of what a job reports while it runs, small enough to stand in a card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from park.cards.state_look import TINTS
from park.model.states import JobState

__all__ = ["sparkline"]

_WIDTH, _HEIGHT = 320, 64
_EDGE = 3


def sparkline(name: str, values: Sequence[float | None]) -> str:
    """Return ``values`` in their order as an SVG, with the first and the last in words.

    What is no finite number is left out; empty where fewer than two are left.
    """
    points = [
        (at, float(value))
        for at, value in enumerate(values)
        if isinstance(value, (int, float)) and math.isfinite(value)
    ]
    if len(points) < 2:  # noqa: PLR2004 (one is no curve)
        return ""
    said = f"{name}: {points[0][1]:.5g} at first, {points[-1][1]:.5g} now"
    return (
        f'<div><svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{escape(said)}">'
        f'<polyline points="{_line(points)}" fill="none" stroke="{TINTS[JobState.RUNNING]}" '
        f'stroke-width="1.5"/></svg><br><small>{escape(said)}</small></div>'
    )


def _line(points: Sequence[tuple[int, float]]) -> str:
    """Return the points of the line, the lowest value at the bottom."""
    first, last = points[0][0], points[-1][0]
    values = [value for _, value in points]
    low, high = min(values), max(values)
    across = (_WIDTH - 2 * _EDGE) / (last - first)
    # halves first: the difference of two large numbers is beyond the largest
    extent = high / 2 - low / 2
    height = _HEIGHT - 2 * _EDGE
    # its share first: of the smallest numbers the reciprocal is beyond the largest
    shares = [0.0 if extent == 0 else (value / 2 - low / 2) / extent for value in values]
    return " ".join(
        f"{_EDGE + (at - first) * across:.1f},{_HEIGHT - _EDGE - share * height:.1f}"
        for (at, _), share in zip(points, shares, strict=True)
    )
