"""What a call means: plain, or to a service; blocks, and the parameters of what is called."""

from __future__ import annotations

from contextvars import copy_context
from functools import wraps
from typing import Any

import pytest

from park.blocks import entered, left
from park.calling import (
    called,
    current_service,
    parameters,
    positional_parameters,
    service_named,
)
from park.errors import UsageError


class Service:
    """Notes the calls that come to it."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def called(self, *call: Any) -> str:
        self.calls.append(call)
        return "submitted"


def fit(model: str, /, steps: int = 3, *, seed: int = 0) -> str:
    return f"{model} {steps} {seed}"


def with_names(infile: str, outfile: str, *, note: str = "") -> str:
    return infile + outfile + note


class Reduction:
    def __init__(self, infile: str) -> None:
        self.infile = infile

    @classmethod
    def run(cls, infile: str, times: int = 1) -> str:
        return infile * times


def call(*args: Any, declared: frozenset[str] = frozenset(), **kwargs: Any) -> Any:
    return called(with_names, declared, args, kwargs, lambda *a, **k: ("plain", a, k))


def test_without_a_service_a_call_is_plain() -> None:
    assert call("a", "b", note="c") == ("plain", ("a", "b"), {"note": "c"})


def test_a_named_service_gets_the_call_and_apart_from_it_what_was_said() -> None:
    service = Service()
    assert call("a", service=service, note="c", retries=2) == "submitted"
    assert service.calls == [(with_names, ("a",), {"note": "c"}, {"retries": 2})]


def test_a_keyword_that_the_function_declares_is_its_own() -> None:
    service = Service()
    call("a", service=service, timeout=5, declared=frozenset({"timeout"}))
    assert service.calls == [(with_names, ("a",), {"timeout": 5}, {})]


def test_options_of_a_plain_call_are_dropped_but_a_condition_needs_a_service() -> None:
    assert call("a", retries=2, timeout=5) == ("plain", ("a",), {})
    assert call("a", when=None) == ("plain", ("a",), {})
    with pytest.raises(UsageError, match="no service that could wait for it"):
        call("a", when="a condition")


def test_in_a_block_calls_go_to_its_service_and_after_it_to_the_one_around() -> None:
    outer, inner = Service(), Service()
    entered(outer)
    entered(inner)
    call("a")
    left(inner)
    call("b")
    left(outer)
    assert current_service() is None
    assert [each[1] for each in (*inner.calls, *outer.calls)] == [("a",), ("b",)]


def test_a_named_service_wins_over_the_block() -> None:
    block, named = Service(), Service()
    entered(block)
    call("a", service=named)
    left(block)
    assert (len(block.calls), len(named.calls)) == (0, 1)


def test_leaving_a_block_leaves_those_inside_it() -> None:
    outer, inner = Service(), Service()
    entered(outer)
    entered(inner)
    assert left(outer).service is outer
    assert current_service() is None
    with pytest.raises(RuntimeError, match="was not begun in this thread or task"):
        left(inner)


def test_a_block_is_of_its_task() -> None:
    service, other = Service(), Service()
    entered(service)
    task = copy_context()
    task.run(entered, other)
    assert current_service() is service
    task.run(left, other)
    left(service)


def test_what_is_no_service_is_told_with_what_is() -> None:
    with pytest.raises(UsageError, match="service=5: it is a service, or its name or URL") as told:
        service_named(5)
    assert "park.remote_service" in str(told.value.hint)


def test_a_class_method_is_called_by_its_bound_name() -> None:
    service = Service()
    raw = Reduction.__dict__["run"].__func__
    called(raw, frozenset(), (Reduction, "a"), {"service": service}, raw)
    called(with_names, frozenset(), (Reduction, "a"), {"service": service}, with_names)
    (bound, bound_args, *_), (function, args, *_) = service.calls
    assert (bound, bound_args) == (Reduction.run, ("a",))
    assert (function, args) == (with_names, (Reduction, "a"))  # a class is an argument like any


@wraps(with_names)
def wrapped(*args: Any, **kwargs: Any) -> str:
    return with_names(*args, **kwargs)


@pytest.mark.parametrize(
    ("function", "names", "by_position"),
    [
        (with_names, ("infile", "outfile", "note"), ("infile", "outfile")),
        (wrapped, ("infile", "outfile", "note"), ("infile", "outfile")),
        (fit, ("model", "steps", "seed"), ()),
        (Reduction, ("infile",), ("infile",)),
        (Reduction.run, ("infile", "times"), ("infile", "times")),
        (len, (), ()),
        (dict, (), ()),
    ],
)
def test_parameters_are_those_that_a_caller_gives(
    function: Any, names: tuple[str, ...], by_position: tuple[str, ...]
) -> None:
    assert parameters(function) == names
    assert positional_parameters(function) == by_position
