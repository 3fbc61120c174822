"""A tally is worth what its expression is, one decided leaf after the other."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from park.model.conditions import Expression, JobIs, Phase, all_of, any_of, at_least_of, evaluate
from park.model.conditions import negated as negation_of
from park.model.truth import NOT_YET, Truth, Verdict
from park_server.jobs.conditions.tally import Tally

if TYPE_CHECKING:
    from park.model.conditions import Leaf

A, B, C = (JobIs(job=name, phase=Phase.COMPLETED) for name in "abc")


@pytest.mark.parametrize(
    "expression",
    [
        A,
        negation_of(A),
        all_of([A, B, C]),
        any_of([A, B, C]),
        at_least_of(2, [A, B, C]),
        any_of([all_of([A, B]), all_of([negation_of(A), C])]),
    ],
)
@pytest.mark.parametrize("order", list(permutations([A, B, C])))
@pytest.mark.parametrize("decided", [Truth.TRUE, Truth.NEVER])
def test_it_agrees_with_the_whole_at_every_step(
    expression: Expression, order: tuple[Leaf, ...], decided: Truth
) -> None:
    known: dict[Leaf, Verdict] = {}
    tally = Tally(expression, lambda _: NOT_YET)
    for number, leaf in enumerate(order):
        truth = decided if number != 1 else Truth.TRUE
        known[leaf] = Verdict(truth)
        tally.decide(leaf, truth)
        whole = evaluate(expression, lambda each: known.get(each, NOT_YET))
        assert tally.truth is whole.truth


def test_what_was_decided_is_asked_about_no_more() -> None:
    tally = Tally(all_of([A, B]), lambda _: NOT_YET)
    assert tally.about("a") == [A]
    tally.decide(A, Truth.TRUE)
    assert tally.about("a") == []
    tally.decide(A, Truth.NEVER)  # told twice: what was decided stays
    assert tally.truth is Truth.NOT_YET
