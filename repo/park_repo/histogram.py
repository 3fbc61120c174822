"""Histograms: how often something took how long, counted in buckets as Prometheus has them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

__all__ = ["Histogram"]


class Histogram:
    """Counts of observations up to each of ``bounds`` (ascending), and their sum.

    One thread observes; any thread reads, and may see the newest observation by half.
    """

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.total = 0.0
        self._counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count ``value``, in the first bucket whose bound it does not exceed."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """How many were observed."""
        return sum(self._counts)

    def cumulative(self) -> list[tuple[str, int]]:
        """Return each bound as text, ``+Inf`` last, with how many did not exceed it."""
        texts = [f"{bound:g}" for bound in self.bounds] + ["+Inf"]
        return list(zip(texts, accumulate(self._counts), strict=True))
