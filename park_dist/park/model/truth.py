"""Three values: true, not yet, never; and why.

They are Kleene's strong three-valued logic with *not yet* as its unknown: a conjunction is
never as soon as one part is, a disjunction true as soon as one part is, and a negation
swaps true and never (S. C. Kleene, Introduction to Metamathematics, 1952, section 64).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["NOT_YET", "TRUE", "Truth", "Verdict", "at_least", "never", "opposite"]


class Truth(StrEnum):
    """The value of a condition at one moment."""

    TRUE = "true"
    NOT_YET = "not-yet"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A value, and one line that says why: what is waited for, or what went wrong."""

    truth: Truth
    why: str = ""

    @property
    def is_decided(self) -> bool:
        """Whether nothing is waited for."""
        return self.truth is not Truth.NOT_YET


TRUE = Verdict(Truth.TRUE)
NOT_YET = Verdict(Truth.NOT_YET)


def never(why: str) -> Verdict:
    """Return *never* with its reason."""
    return Verdict(Truth.NEVER, why)


_OPPOSITES = {Truth.TRUE: Truth.NEVER, Truth.NEVER: Truth.TRUE, Truth.NOT_YET: Truth.NOT_YET}


def opposite(truth: Truth) -> Truth:
    """Return the negation."""
    return _OPPOSITES[truth]


def at_least(count: int, parts: Iterable[Verdict], *, of: int) -> Verdict:
    """Return whether ``count`` of the ``of`` ``parts`` hold.

    A conjunction asks for all, a disjunction for one. The reasons are those of the first
    parts that decide it; parts after those are not looked at.
    """
    wanted, spare = count, of - count
    if wanted <= 0:
        return TRUE
    waiting: list[str] = []
    against: list[str] = []
    for part in parts:
        if part.truth is Truth.TRUE:
            wanted -= 1
            if wanted == 0:
                return TRUE
        elif part.truth is Truth.NEVER:
            against.append(part.why)
            if len(against) > spare:
                return never(_joined(against))
        elif part.why:
            waiting.append(part.why)
    return Verdict(Truth.NOT_YET, _joined(waiting)) if spare >= 0 else never(_joined(against))


_MOST_REASONS = 3
"""Reasons in one line; more of them are counted."""


def _joined(reasons: list[str]) -> str:
    known = list(dict.fromkeys(reason for reason in reasons if reason))
    more = len(known) - _MOST_REASONS
    tail = [f"and {more} more"] if more > 0 else []
    return "; ".join([*known[:_MOST_REASONS], *tail])
