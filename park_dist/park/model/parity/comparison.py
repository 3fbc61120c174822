"""What a comparison found: equal, equal within a tolerance, or where not and by how much."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from park.errors import UsageError

__all__ = ["Comparison", "Deviation", "Tolerance", "Verdict"]

_SHOWN_CHARACTERS = 80


class Verdict(StrEnum):
    """How two things compare."""

    EQUAL = "equal"
    CLOSE = "close"
    DIFFERENT = "different"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tolerance:
    """Two numbers are close where they are apart by ``absolute``, or ``relative`` to the larger.

    Raises `UsageError` for one that is negative or no number.
    """

    relative: float = 1e-9
    absolute: float = 0.0

    def __post_init__(self) -> None:
        for name in ("relative", "absolute"):
            value = getattr(self, name)
            if not value >= 0:
                raise UsageError(f"a {name} tolerance of {value}: expected 0 or more")

    def covers(self, there: float, here: float) -> bool:
        """Tell whether the two are close; NaN is like NaN, and an infinity like itself."""
        if math.isnan(there) and math.isnan(here):
            return True
        return math.isclose(there, here, rel_tol=self.relative, abs_tol=self.absolute)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deviation:
    """One place at which the two are not the same, in the words of people.

    ``relative`` is how far numbers are apart, relative to the larger; None for what is no number.
    """

    where: str
    there: str
    here: str
    relative: float | None = None

    def __str__(self) -> str:
        apart = "" if self.relative is None else f" (apart by {self.relative:.2g} of it)"
        return f"{self.where}: {self.there} there, {self.here} here{apart}"


@dataclass(kw_only=True, slots=True)
class Comparison:
    """What was found of one thing, named ``of``: it is added to while the two are gone through.

    ``beyond`` and ``within`` count the places that the tolerance does not cover, and does;
    ``first`` is the first of those, ``worst`` the farthest of these.
    """

    of: str
    tolerance: Tolerance
    beyond: int = 0
    within: int = 0
    first: Deviation | None = None
    worst: Deviation | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """The sum of it."""
        if self.beyond:
            return Verdict.DIFFERENT
        return Verdict.CLOSE if self.within else Verdict.EQUAL

    @property
    def deviation(self) -> Deviation | None:
        """The place to look at first: one that is not covered, else the farthest that is."""
        return self.first or self.worst

    def numbers(self, where: str, there: float, here: float) -> None:
        """Compare two floating point numbers."""
        if there == here or (math.isnan(there) and math.isnan(here)):
            return
        apart = _apart(there, here)
        found = Deviation(where=where, there=repr(there), here=repr(here), relative=apart)
        if not self.tolerance.covers(there, here):
            self._beyond(found)
            return
        self.within += 1
        if self.worst is None or (apart or 0.0) > (self.worst.relative or 0.0):
            self.worst = found

    def differs(self, where: str, there: object, here: object) -> None:
        """Note what is no number and not the same."""
        self._beyond(Deviation(where=where, there=_shown(there), here=_shown(here)))

    def _beyond(self, found: Deviation) -> None:
        self.beyond += 1
        self.first = self.first or found


def _apart(there: float, here: float) -> float | None:
    largest = max(abs(there), abs(here))
    return abs(there - here) / largest if math.isfinite(largest) else None


def _shown(thing: object) -> str:
    text = thing if isinstance(thing, str) else repr(thing)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
