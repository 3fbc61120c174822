"""A tally is worth what its expression is, one decided leaf after the other."""

from __future__ import annotations

import gc
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from park.model.conditions import (
    AtLeast,
    Expression,
    JobIs,
    Phase,
    all_of,
    any_of,
    at_least_of,
    evaluate,
)
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
        AtLeast(count=3, parts=(A, A, B, A, C)),
        AtLeast(count=2, parts=(A, negation_of(A), B, AtLeast(count=1, parts=(A, C)))),
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


def test_all_that_speak_of_one_job_are_found() -> None:
    phases = [JobIs(job="a", phase=phase) for phase in Phase]
    tally = Tally(any_of([*phases, B]), lambda _: NOT_YET)
    assert tally.about("a") == phases
    assert tally.about("b") == [B]
    assert tally.about("c") == []


def test_a_leaf_costs_a_full_garbage_collection_no_object_of_its_own() -> None:
    expression = all_of([JobIs(job=str(each), phase=Phase.COMPLETED) for each in range(1_000)])
    gc.collect()
    before = len(gc.get_objects())
    tally = Tally(expression, lambda _: NOT_YET)
    assert len(gc.get_objects()) - before < 100
    assert tally.size == 1_000
