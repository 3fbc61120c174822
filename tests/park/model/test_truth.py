"""Three values: at least so many of some, by definition and by laws, and the reasons."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.model.truth import NOT_YET, TRUE, Truth, Verdict, at_least, never, opposite

truths = st.sampled_from(list(Truth))
some = st.lists(truths, min_size=1, max_size=6)
ORDER = [Truth.NEVER, Truth.NOT_YET, Truth.TRUE]


def worth(count: int, parts: list[Truth]) -> Truth:
    return at_least(count, [Verdict(part) for part in parts], of=len(parts)).truth


@given(some, st.integers(0, 7))
def test_at_least_so_many_hold_is_decided_as_soon_as_no_other_part_can_change_it(
    parts: list[Truth], count: int
) -> None:
    hold, cannot = parts.count(Truth.TRUE), parts.count(Truth.NEVER)
    if hold >= count:
        expected = Truth.TRUE
    else:
        expected = Truth.NEVER if len(parts) - cannot < count else Truth.NOT_YET
    assert worth(count, parts) is expected


@given(some)
def test_a_conjunction_is_its_least_part_and_a_disjunction_its_greatest(
    parts: list[Truth],
) -> None:
    assert worth(len(parts), parts) is min(parts, key=ORDER.index)
    assert worth(1, parts) is max(parts, key=ORDER.index)


@given(some, st.data())
def test_at_least_so_many_is_denied_by_the_opposites_of_the_rest(
    parts: list[Truth], data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(parts)))
    opposites = [opposite(part) for part in parts]
    assert opposite(worth(count, parts)) is worth(len(parts) - count + 1, opposites)


@given(some, st.integers(0, 6), st.randoms(use_true_random=False))
def test_the_order_of_the_parts_does_not_matter(
    parts: list[Truth], count: int, random: Random
) -> None:
    shuffled = random.sample(parts, len(parts))
    assert worth(count, shuffled) is worth(count, parts)


@given(truths)
def test_the_opposite_of_the_opposite_is_the_same(truth: Truth) -> None:
    assert opposite(opposite(truth)) is truth


def test_only_what_is_waited_for_is_undecided() -> None:
    assert TRUE.is_decided
    assert never("it failed").is_decided
    assert not NOT_YET.is_decided


def parts_up_to(*verdicts: Verdict) -> Iterator[Verdict]:
    yield from verdicts
    pytest.fail("a part was looked at that decides nothing")


def test_parts_after_the_decision_are_not_looked_at() -> None:
    assert at_least(1, parts_up_to(NOT_YET, TRUE), of=3) == TRUE
    assert at_least(2, parts_up_to(never("no")), of=2) == never("no")
    assert at_least(0, parts_up_to(), of=2) == TRUE


def test_what_is_waited_for_is_said_once_and_in_order() -> None:
    waiting = [Verdict(Truth.NOT_YET, why) for why in ("b runs", "a waits", "b runs", "")]
    assert at_least(4, waiting, of=4) == Verdict(Truth.NOT_YET, "b runs; a waits")


def test_who_made_it_impossible_is_said_and_who_is_waited_for_is_not() -> None:
    parts = [Verdict(Truth.NOT_YET, "a runs"), never("b failed"), never("c was cancelled")]
    assert at_least(2, parts, of=3) == never("b failed; c was cancelled")


def test_of_many_reasons_the_first_three_are_said_and_the_others_counted() -> None:
    parts = [never(f"{name} failed") for name in "abcde"]
    assert at_least(1, parts, of=5).why == "a failed; b failed; c failed; and 2 more"


def test_more_than_there_are_never_hold() -> None:
    assert at_least(3, [TRUE, TRUE], of=2).truth is Truth.NEVER
