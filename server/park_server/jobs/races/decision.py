"""Who has won a race: a pure decision about how those who compete stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from park.wire import IfNone, Prefer

__all__ = [
    "BY_RANK",
    "GOOD_ENOUGH",
    "Entrant",
    "NoWinner",
    "RanksWanted",
    "Standing",
    "Won",
    "decide",
]

GOOD_ENOUGH = "good enough"
BY_RANK = "rank"


class Standing(Enum):
    """How one stands: not decided, good enough, ended well but not so, or out of the race."""

    OPEN = "open"
    GOOD = "good"
    ENDED = "ended"
    OUT = "out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrant:
    """One that competes: ``rank`` is None where it has none, or where that is not known yet."""

    position: int
    standing: Standing
    rank: float | None = None
    is_rank_known: bool = True


@dataclass(frozen=True, slots=True)
class Won:
    """Those at ``positions`` have won, the better ones first; ``by``: good enough, or rank."""

    positions: tuple[int, ...]
    by: str


@dataclass(frozen=True, slots=True)
class RanksWanted:
    """The ranks of those at ``positions`` have to be known first."""

    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NoWinner:
    """All have ended, and none of them counts."""


def decide(
    entrants: Sequence[Entrant], *, keep: int, prefer: Prefer, if_none: IfNone
) -> Won | RanksWanted | NoWinner | None:
    """Return what is decided, None where nothing is.

    Enough that are good enough end the race at once. When all have ended, those that are good
    enough have won, however few; if there are none, the best by rank, or nobody.
    """
    good = [each for each in entrants if each.standing is Standing.GOOD]
    is_open = any(each.standing is Standing.OPEN for each in entrants)
    if len(good) >= keep or (good and not is_open):
        return Won(_best(good, keep, prefer), GOOD_ENOUGH)
    if is_open:
        return None
    ended = [each for each in entrants if each.standing is Standing.ENDED]
    if if_none is IfNone.FAIL or not ended:
        return NoWinner()
    if unknown := tuple(each.position for each in ended if not each.is_rank_known):
        return RanksWanted(unknown)
    ranked = [each for each in ended if each.rank is not None]
    return Won(_best(ranked, keep, prefer), BY_RANK) if ranked else NoWinner()


def _best(entrants: Sequence[Entrant], keep: int, prefer: Prefer) -> tuple[int, ...]:
    """Return the positions of the best; those without a rank come last, in their order."""
    sign = 1 if prefer is Prefer.LOWEST else -1

    def place(each: Entrant) -> tuple[bool, float, int]:
        return each.rank is None, sign * (each.rank or 0.0), each.position

    return tuple(each.position for each in sorted(entrants, key=place)[:keep])
