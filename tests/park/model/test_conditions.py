"""Conditions: truth tables against brute force, laws, finality, and their JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import UsageError
from park.model.conditions import (
    OPERATORS,
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
from park.model.conditions_json import (
    MOST_LEVELS,
    condition_from_json,
    condition_to_json,
)
from park.model.references import Reference, What
from park.model.truth import Truth, Verdict, opposite

TRUTHS = list(Truth)
MOMENT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

names = st.sampled_from("abcd")
phases = st.sampled_from(list(Phase))
services = st.none() | st.just("https://sns.example.org/park")
job_leaves = st.builds(JobIs, job=names, phase=phases, service=services)
install_leaves = st.builds(
    InstallIs,
    install=names,
    phase=st.sampled_from([Phase.COMPLETED, Phase.FAILED, Phase.FINISHED]),
    service=services,
)
keys = st.text(min_size=1, max_size=5) | st.integers(-3, 9)
steps = st.tuples(st.just("item"), keys) | st.tuples(
    st.just("attribute"), st.sampled_from(["chisq", "x_1"])
)
references = st.builds(
    Reference,
    job=names,
    what=st.sampled_from([What.VALUE, What.PROGRESS]),
    service=services,
    path=st.lists(steps, max_size=3).map(tuple),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
signs = st.sampled_from(sorted(OPERATORS))
comparisons = st.builds(
    Comparison, left=references, operator=signs, right=st.builds(Literal, value=values)
) | st.builds(Comparison, left=st.builds(Literal, value=values), operator=signs, right=references)
moments = st.datetimes(timezones=st.just(UTC))
negatable = job_leaves | install_leaves | comparisons
all_leaves = (
    negatable
    | st.builds(Pool, name=st.just("license:fitter"), count=st.integers(1, 9))
    | st.builds(At, moment=moments)
    | st.builds(Before, moment=moments)
    | st.builds(After, seconds=st.floats(0, 1e6))
)


def expressions(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Expression]:
    """Return conditions over ``parts``, as users join them."""

    def joined(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        some = st.lists(inner, min_size=1, max_size=4)
        counted = some.flatmap(
            lambda found: st.integers(1, len(found)).map(lambda count: at_least_of(count, found))
        )
        return some.map(all_of) | some.map(any_of) | counted

    return st.recursive(parts, joined, max_leaves=8)


jobs_only = expressions(job_leaves | job_leaves.map(lambda leaf: Not(leaf=leaf)))
every_kind = expressions(all_leaves | negatable.map(lambda leaf: Not(leaf=leaf)))


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


@given(every_kind)
def test_json_there_and_back(expression: Expression) -> None:
    document = json.loads(json.dumps(condition_to_json(expression)))
    assert condition_from_json(document) == expression
    assert describe(expression)


def nested(levels: int) -> Expression:
    expression: Expression = JobIs(job="a", phase=Phase.COMPLETED)
    for level in range(levels):
        join = any_of if level % 2 else all_of
        expression = join([expression, JobIs(job="b", phase=Phase.FAILED)])
    return expression


def test_the_depth_has_a_limit() -> None:
    condition_to_json(nested(MOST_LEVELS - 1))
    with pytest.raises(UsageError, match="nested at most 64 levels"):
        condition_to_json(nested(MOST_LEVELS))


def test_the_size_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("park.model.conditions_json.MOST_NODES", 4)
    three = all_of([JobIs(job=name, phase=Phase.COMPLETED) for name in "abc"])
    document = condition_to_json(three)
    four = {"version": 1, "condition": {"all": [*document["condition"]["all"], {"all": []}]}}
    with pytest.raises(UsageError, match="at most 4 nodes"):
        condition_from_json(four)


def broken() -> Iterator[Any]:
    yield None
    yield {"condition": {"job": "a", "is": "completed"}}
    yield {"version": 2, "condition": {"job": "a", "is": "completed"}}
    nodes: list[Any] = [
        {},
        [],
        {"novelty": 1},
        {"job": "a", "is": "sleepy"},
        {"job": "", "is": "completed"},
        {"job": "a", "is": "completed", "more": 1},
        {"install": "a", "is": "started"},
        {"all": {"job": "a", "is": "completed"}},
        {"at_least": 1, "of": [{"job": "a", "is": "completed"}] * 2},
        {"at_least": True, "of": [{"job": "a", "is": "completed"}] * 3},
        {"not": {"pool": "x", "count": 1}},
        {"not": {"all": []}},
        {"pool": "no name", "count": 1},
        {"pool": "x", "count": 0},
        {"at": "tomorrow"},
        {"at": "2026-11-23T09:30:00"},
        {"after": -1},
        {"after": "inf"},
        {"compare": [{"value": 1}, "<", {"value": 2}]},
        {"compare": [{"value": 1}, "is", {"reference": value_node()}]},
        {"compare": [{"value": 1}, "<", {"reference": value_node(what="file")}]},
        {"compare": [{"value": "x" * 10_001}, "<", {"reference": value_node()}]},
    ]
    for node in nodes:
        yield {"version": 1, "condition": node}


def value_node(what: str = "value") -> dict[str, Any]:
    return {"$park": "reference", "job": "a", "what": what}


@pytest.mark.parametrize("document", list(broken()), ids=str)
def test_what_is_not_understood_is_refused(document: Any) -> None:
    with pytest.raises(UsageError):
        condition_from_json(document)


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
