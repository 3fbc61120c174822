"""Requests a second, as a bucket of tokens for each user: some seconds' worth may come at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["RequestRate"]

_BURST_S = 5.0
"""How many seconds' worth may come at once: a page, or a session that begins, asks for much."""

_MOST_KEPT = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class RequestRate:
    """How fast users ask; moments are seconds of ``clock``, ``burst_s`` worth may come at once."""

    def __init__(self, clock: Callable[[], float], burst_s: float = _BURST_S) -> None:
        self._clock = clock
        self._burst_s = burst_s
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(self, user: str, rate: float) -> float:
        """Count a request of ``user``, who may make ``rate`` a second.

        Returns in how many seconds he may ask again, where this is one too many; else 0.
        """
        now, most = self._clock(), max(1.0, rate * self._burst_s)
        bucket = self._buckets.get(user)
        if bucket is None:
            if len(self._buckets) >= _MOST_KEPT:
                self._buckets.pop(next(iter(self._buckets)))
            bucket = self._buckets[user] = _Bucket(most, now)
        bucket.left = min(most, bucket.left + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / rate
        bucket.left -= 1
        return 0.0
