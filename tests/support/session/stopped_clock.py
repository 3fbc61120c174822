"""A clock that goes when the test says so."""

from __future__ import annotations

__all__ = ["StoppedClock"]


class StoppedClock:
    """Called, it tells ``now``, in seconds; a test sets that."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return what the clock says."""
        return self.now
