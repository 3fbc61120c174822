"""How long to wait before trying again, and again."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Backoff"]

_MOST_DOUBLINGS = 64
"""Of any pause that is worth the name that is beyond the longest, and no number overflows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backoff:
    """Pauses in seconds, each twice the one before it, up to ``longest_s``."""

    first_s: float
    longest_s: float

    def after(self, failures: int) -> float:
        """Return the seconds to wait after ``failures`` (at least one) in a row."""
        return min(self.first_s * 2.0 ** min(failures - 1, _MOST_DOUBLINGS), self.longest_s)
