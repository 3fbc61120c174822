"""Who has won a race: whatever happens in whatever order, one kind of end, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from park.wire import IfNone, Prefer
from park_server.jobs.races.decision import (
    BY_RANK,
    GOOD_ENOUGH,
    Entrant,
    NoWinner,
    RanksWanted,
    Standing,
    Won,
    decide,
)

TERMS: dict[str, Any] = {"keep": 1, "prefer": Prefer.LOWEST, "if_none": IfNone.FAIL}
OUTCOMES = [Standing.GOOD, Standing.ENDED, Standing.OUT]


@dataclass(frozen=True)
class Run:
    """A race: how each one ends, its rank, and the order of the ends."""

    outcomes: list[tuple[Standing, float | None]]
    order: list[int]
    keep: int
    prefer: Prefer
    if_none: IfNone


@st.composite
def runs(draw: st.DrawFn) -> Run:
    ranks = st.none() | st.floats(-1e6, 1e6)
    outcomes = draw(st.lists(st.tuples(st.sampled_from(OUTCOMES), ranks), min_size=1, max_size=8))
    return Run(
        outcomes=outcomes,
        order=draw(st.permutations(range(len(outcomes)))),
        keep=draw(st.integers(1, len(outcomes))),
        prefer=draw(st.sampled_from(Prefer)),
        if_none=draw(st.sampled_from(IfNone)),
    )


def entrants(run: Run, ended: set[int]) -> list[Entrant]:
    return [
        Entrant(position=position, standing=standing, rank=rank)
        if position in ended
        else Entrant(position=position, standing=Standing.OPEN)
        for position, (standing, rank) in enumerate(run.outcomes)
    ]


def settled(run: Run) -> tuple[Won | NoWinner, int]:
    """Let one after the other end; return the first decision, and after how many ends."""
    terms: dict[str, Any] = {"keep": run.keep, "prefer": run.prefer, "if_none": run.if_none}
    for count in range(len(run.order) + 1):
        found = decide(entrants(run, set(run.order[:count])), **terms)
        if found is not None:
            assert not isinstance(found, RanksWanted)
            return found, count
    raise AssertionError("all have ended, and nothing is decided")


@given(runs())
def test_every_race_is_decided_and_its_winners_are_those_that_count(run: Run) -> None:
    found, count = settled(run)
    standings = [standing for standing, _ in run.outcomes]
    if isinstance(found, NoWinner):
        assert Standing.GOOD not in standings
        ranked = [rank for standing, rank in run.outcomes if standing is Standing.ENDED]
        assert run.if_none is IfNone.FAIL or all(rank is None for rank in ranked)
        return
    ended = set(run.order[:count])
    assert 0 < len(found.positions) <= run.keep
    assert len(set(found.positions)) == len(found.positions)
    assert set(found.positions) <= ended
    wanted = Standing.GOOD if found.by == GOOD_ENOUGH else Standing.ENDED
    assert {standings[position] for position in found.positions} == {wanted}
    if found.by == BY_RANK:
        assert Standing.GOOD not in standings
        assert run.if_none is IfNone.BEST
        assert count == len(run.outcomes)


@given(runs(), st.randoms())
def test_the_order_decides_who_but_never_how(run: Run, random: object) -> None:
    found, _ = settled(run)
    order = list(run.order)
    random.shuffle(order)  # type: ignore[attr-defined]
    other, _ = settled(
        Run(run.outcomes, order, keep=run.keep, prefer=run.prefer, if_none=run.if_none)
    )
    assert type(found) is type(other)
    if isinstance(found, Won) and isinstance(other, Won):
        assert (found.by, len(found.positions)) == (other.by, len(other.positions))
        if found.by == BY_RANK:
            assert found == other


@given(runs())
def test_enough_that_are_good_end_the_race_at_once(run: Run) -> None:
    _, count = settled(run)
    good = [run.outcomes[position][0] is Standing.GOOD for position in run.order]
    if sum(good) >= run.keep:
        assert sum(good[:count]) == run.keep
        assert good[count - 1]


def test_of_more_than_enough_at_once_the_better_ones_win() -> None:
    good = [
        Entrant(position=number, standing=Standing.GOOD, rank=rank)
        for number, rank in enumerate([3.0, None, 1.0, 2.0])
    ]
    assert decide(good, **{**TERMS, "keep": 2}) == Won((2, 3), GOOD_ENOUGH)
    highest = {**TERMS, "prefer": Prefer.HIGHEST}
    assert decide(good, **highest) == Won((0,), GOOD_ENOUGH)


def test_ranks_that_are_elsewhere_are_asked_for_first() -> None:
    among = [
        Entrant(position=0, standing=Standing.ENDED, rank=2.0),
        Entrant(position=1, standing=Standing.ENDED, is_rank_known=False),
        Entrant(position=2, standing=Standing.OUT),
    ]
    best: dict[str, Any] = {**TERMS, "if_none": IfNone.BEST}
    assert decide(among, **best) == RanksWanted((1,))
    assert decide(among, **TERMS) == NoWinner()
