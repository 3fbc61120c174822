"""Races: several jobs of which the first that are good enough count."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = [
    "GRACE_S",
    "LONGEST_GRACE_S",
    "MOST_COMPETITORS",
    "RACE",
    "CompetitorRequest",
    "IfNone",
    "Prefer",
    "RaceRecord",
    "RaceRequest",
    "StopHow",
    "WinnerRecord",
]

GRACE_S = 10.0
"""How long a job that is asked to stop may go on, unless said otherwise, in seconds."""

LONGEST_GRACE_S = 86_400.0

RACE = "park:race"
"""The entry point of every race: the service itself decides it."""

MOST_COMPETITORS = 10_000
"""Of one race: its decision looks at each of them, in one transaction."""


class Prefer(StrEnum):
    """Which values of ``rank`` are the better ones."""

    LOWEST = "lowest"
    HIGHEST = "highest"


class IfNone(StrEnum):
    """What becomes of a race of which all have ended, and none is good enough."""

    BEST = "best"
    FAIL = "fail"


class StopHow(StrEnum):
    """What becomes of those that run once a race is decided."""

    CANCEL = "cancel"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True, slots=True)
class CompetitorRequest:
    """A job that competes, on the service at the URL ``service`` (None: on that of the race).

    ``good_enough`` is a condition (`park.model.conditions_json`), None: that it completes.
    ``rank`` is the node of a reference into its value. ``own``: the user has named that service
    as his own, and what it pickled is read.
    """

    job: str
    service: str | None = None
    own: bool = False
    good_enough: dict[str, Any] | None = None
    rank: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RaceRequest:
    """A race: ``keep`` winners at most; see `park.race`."""

    competitors: list[CompetitorRequest]
    keep: int = 1
    grace_s: float = GRACE_S
    prefer: Prefer = Prefer.LOWEST
    if_none: IfNone = IfNone.FAIL
    stop: StopHow = StopHow.CANCEL


@dataclass(frozen=True, kw_only=True, slots=True)
class WinnerRecord:
    """A job that has won, on another service where it has a ``service``; what it had as rank."""

    job: str
    service: str | None = None
    entry_point: str = ""
    set_hash: str | None = None
    label: str = ""
    rank: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RaceRecord:
    """How far a race is: who competes, and since when it is ``decided``, for whom and why.

    ``by`` is ``good enough`` or ``rank``. ``unconfirmed`` are those on other services that are
    to be ended, and of which that is not confirmed yet.
    """

    competitors: int
    keep: int
    decided: str | None = None
    by: str | None = None
    winners: list[WinnerRecord] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)
