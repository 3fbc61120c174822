"""Conditions: truth tables against brute force, laws, and finality."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.material.any_condition import every_kind, job_leaves, jobs_only

from park.errors import UsageError
from park.model.conditions import (
    After,
    At,
    AtLeast,
    Before,
    Comparison,
    Expression,
    InstallIs,
    JobIs,
    Leaf,
    Literal,
    Not,
    Phase,
    Pool,
    all_of,
    anchored,
    any_of,
    at_least_of,
    describe,
    evaluate,
    is_conjunction,
    leaves,
    negated,
)
from park.model.ids import JobId
from park.model.references import Reference, What
from park.model.truth import Truth, Verdict, opposite

TRUTHS = list(Truth)
MOMENT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def worth(expression: Expression, truths: dict[Leaf, Truth]) -> Truth:
    return evaluate(expression, lambda leaf: Verdict(truths[leaf])).truth


def brute(expression: Expression, truths: dict[Leaf, Truth]) -> Truth:
    """Kleene's logic by its definition: what all completions agree on is known."""
    unknown = [leaf for leaf, truth in truths.items() if truth is Truth.NOT_YET]
    outcomes = set()
    for known in itertools.product([True, False], repeat=len(unknown)):
        total = {leaf: truth is Truth.TRUE for leaf, truth in truths.items()}
        outcomes.add(classical(expression, total | dict(zip(unknown, known, strict=True))))
    if len(outcomes) > 1:
        return Truth.NOT_YET
    return Truth.TRUE if outcomes == {True} else Truth.NEVER


def classical(expression: Expression, total: dict[Leaf, bool]) -> bool:
    if isinstance(expression, AtLeast):
        return sum(classical(part, total) for part in expression.parts) >= expression.count
    if isinstance(expression, Not):
        return not total[expression.leaf]
    return total[expression]


def kleene(expression: Expression, truths: dict[Leaf, Truth]) -> Truth:
    """Kleene's strong tables, composed: minimum, maximum, and the k-th largest between them."""
    order = [Truth.NEVER, Truth.NOT_YET, Truth.TRUE]
    if isinstance(expression, AtLeast):
        ranks = sorted((order.index(kleene(p, truths)) for p in expression.parts), reverse=True)
        return Truth.TRUE if expression.count == 0 else order[ranks[expression.count - 1]]
    if isinstance(expression, Not):
        return opposite(truths[expression.leaf])
    return truths[expression]


def assignments(expression: Expression) -> st.SearchStrategy[dict[Leaf, Truth]]:
    found = sorted(set(leaves(expression)), key=repr)
    return st.lists(st.sampled_from(TRUTHS), min_size=len(found), max_size=len(found)).map(
        lambda truths: dict(zip(found, truths, strict=True))
    )


cases = jobs_only.flatmap(lambda e: st.tuples(st.just(e), assignments(e)))


@given(cases)
def test_an_evaluation_is_that_of_kleenes_tables(case: tuple[Expression, Any]) -> None:
    expression, truths = case
    assert worth(expression, truths) is kleene(expression, truths)


@given(cases)
def test_what_is_decided_holds_however_the_rest_turns_out(case: tuple[Expression, Any]) -> None:
    expression, truths = case
    found = worth(expression, truths)
    assert found in {brute(expression, truths), Truth.NOT_YET}


@given(cases)
def test_negating_twice_changes_nothing(case: tuple[Expression, Any]) -> None:
    expression, truths = case
    assert worth(negated(expression), truths) is opposite(worth(expression, truths))
    assert worth(negated(negated(expression)), truths) is worth(expression, truths)


@given(st.lists(job_leaves, min_size=1, max_size=5), st.data())
def test_de_morgan(parts: list[Expression], data: st.DataObject) -> None:
    truths = data.draw(assignments(all_of(parts)))
    opposites = [negated(part) for part in parts]
    assert worth(negated(all_of(parts)), truths) is worth(any_of(opposites), truths)
    assert worth(negated(any_of(parts)), truths) is worth(all_of(opposites), truths)
    for count in range(1, len(parts) + 1):
        rest = at_least_of(len(parts) - count + 1, opposites)
        assert worth(negated(at_least_of(count, parts)), truths) is worth(rest, truths)


LIVES = [
    ["queued", "running", "completed"],
    ["queued", "running", "queued", "running", "failed"],  # a retry
    ["waiting", "cancelled"],
    ["queued", "cancelled"],
    ["waiting", "queued", "running", "cancelled"],
]


def phase_truth(phase: Phase, life: list[str]) -> Truth:
    """What a phase is worth after ``life``, by its meaning."""
    last = life[-1]
    final = last in {"completed", "failed", "cancelled"}
    if phase is Phase.STARTED:
        holds = "running" in life
    else:
        holds = final and phase in {Phase.FINISHED, Phase(last)}
    if holds:
        return Truth.TRUE
    return Truth.NEVER if final else Truth.NOT_YET


@given(jobs_only, st.lists(st.sampled_from(LIVES), min_size=4, max_size=4), st.data())
def test_true_and_never_are_final(
    expression: Expression, lives: list[list[str]], data: st.DataObject
) -> None:
    history = dict(zip("abcd", lives, strict=True))
    seen = dict.fromkeys("abcd", 1)
    decided: Truth | None = None
    while True:
        found = worth(
            expression,
            {
                leaf: phase_truth(leaf.phase, history[leaf.job][: seen[leaf.job]])
                for leaf in leaves(expression)
                if isinstance(leaf, JobIs)
            },
        )
        assert decided in {None, found}
        decided = found if found is not Truth.NOT_YET else None
        left = [job for job in "abcd" if seen[job] < len(history[job])]
        if not left:
            break
        seen[data.draw(st.sampled_from(left))] += 1
    assert decided is not None  # when everything has ended, everything is known


def test_requests_have_no_opposite() -> None:
    for leaf in (Pool(name="x", count=1), After(seconds=1)):
        with pytest.raises(UsageError, match="cannot be negated"):
            negated(all_of([leaf, JobIs(job="a", phase=Phase.FAILED)]))
    assert negated(At(moment=MOMENT)) == Before(moment=MOMENT)
    assert negated(Before(moment=MOMENT)) == At(moment=MOMENT)


def test_at_least_none_or_more_than_all_is_refused() -> None:
    part = JobIs(job="a", phase=Phase.FAILED)
    for count in (0, 3):
        with pytest.raises(UsageError):
            at_least_of(count, [part, part])


@given(every_kind)
def test_an_anchored_condition_speaks_of_moments(expression: Expression) -> None:
    assert not any(isinstance(leaf, After) for leaf in leaves(anchored(expression, MOMENT)))
    delay = anchored(After(seconds=90), MOMENT)
    assert delay == At(moment=MOMENT + timedelta(seconds=90))


def test_a_conjunction_of_completions_is_known_for_one() -> None:
    done = [JobIs(job=name, phase=Phase.COMPLETED) for name in "ab"]
    assert is_conjunction(done[0])
    assert is_conjunction(all_of([*done, InstallIs(install="i", phase=Phase.COMPLETED)]))
    assert not is_conjunction(any_of(done))
    assert not is_conjunction(all_of([*done, JobIs(job="c", phase=Phase.FINISHED)]))
    assert not is_conjunction(negated(done[0]))


def test_what_is_called_something_is_told_by_that_behind_its_id() -> None:
    job, install = JobId("0123456789"), "9876543210"
    done = JobIs(job=job, phase=Phase.COMPLETED)
    chisq = Reference(job=job, what=What.VALUE, path=(("item", "chisq"),))
    called = {job: "fit(seed=3)", install: "mymodel==1.0"}
    expected: dict[Expression, str] = {
        done: "job …456789 (fit(seed=3)) completed",
        Not(leaf=done): "job …456789 (fit(seed=3)) did not complete",
        InstallIs(install=install, phase=Phase.FAILED): "install …543210 (mymodel==1.0) failed",
        Not(leaf=Comparison(left=chisq, operator="<", right=Literal(value=2))): (
            "not (value of job …456789 (fit(seed=3))['chisq'] < 2)"
        ),
    }
    assert {each: describe(each, called) for each in expected} == expected
    both = any_of([all_of([done, After(seconds=2)]), Not(leaf=done)])
    assert describe(both, called).count("(fit(seed=3))") == 2
    assert "fit" not in describe(both, {install: "mymodel==1.0"})
    assert describe(both) == describe(both, {})
