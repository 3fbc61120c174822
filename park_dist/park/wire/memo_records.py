"""What a service remembers of calls."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ForgottenRecord", "MemoRecord", "MemoStatsRecord"]


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoRecord:
    """A run that answers the same call: it took ``seconds``, and has ``answered`` so many jobs.

    Times are RFC 3339 in UTC; ``last_used`` is when it last answered, or was read.
    """

    job: str
    entry_point: str
    label: str
    finished: str
    last_used: str | None
    seconds: float
    answered: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoStatsRecord:
    """How many runs are ``remembered``, and how many jobs they ``answered``.

    ``saved_s`` are the seconds that these jobs would have run; ``checked`` answers were run
    nevertheless, and ``differing`` of them came to something else.
    """

    remembered: int
    answered: int
    saved_s: float
    checked: int
    differing: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgottenRecord:
    """How many runs answer no later call any more."""

    forgotten: int
