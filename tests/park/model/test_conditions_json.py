"""Conditions as JSON: there and back, its limits, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from support.material.any_condition import every_kind

from park.errors import UsageError
from park.model.conditions import Expression, JobIs, Phase, all_of, any_of, describe
from park.model.conditions_json import MOST_LEVELS, condition_from_json, condition_to_json


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
