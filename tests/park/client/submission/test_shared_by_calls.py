"""What calls share: found once for many, and anew where it may be another."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from park.client.by_value.module_ways import ModuleWays, Way
from park.client.submission import shared_by_calls as module
from park.client.submission.shared_by_calls import Environment, KnownCalls, SharedByCalls
from park.errors import InvalidEntryPoint, UsageError

NAMED = Environment(lock="a" * 64)


class Ways(ModuleWays):
    """Finds the modules of this test in the environment."""

    def way(self, module: str) -> Way:
        del module
        return Way.THERE


@pytest.fixture
def known() -> KnownCalls:
    return KnownCalls()


def of(known: KnownCalls, function: Any, asked: Environment = NAMED, **said: Any) -> SharedByCalls:
    return known.of(function, said, asked, Ways())  # type: ignore[arg-type]


def test_they_are_found_once_for_the_same_function_and_options(known: KnownCalls) -> None:
    first = of(known, "math:fsum", memo=False)
    assert first.document == {"entry_point": "math:fsum", "memo": False}
    assert not first.runs_what_is_here
    assert of(known, "math:fsum", memo=False) is first
    assert of(known, "math:fsum", memo=True) is not first
    assert of(known, "math:sqrt", memo=False) is not first
    assert of(known, "math:fsum", Environment(offer="film"), memo=False) is not first
    assert of(KnownCalls(), "math:fsum", memo=False) is not first


def test_what_equals_an_option_is_refused_all_the_same(known: KnownCalls) -> None:
    of(known, "math:fsum", retries=1)
    with pytest.raises(UsageError, match="retries=True: it is a whole number"):
        of(known, "math:fsum", retries=True)


def test_what_has_no_hash_is_found_each_time(known: KnownCalls) -> None:
    said: dict[str, Any] = {"licenses": {"fit": 1}, "retries": 2}
    first, second = of(known, "math:fsum", **said), of(known, "math:fsum", **said)
    assert first is not second
    assert first.document == second.document


def put_into(film: ModuleType, function: Any) -> Any:
    """Have ``film`` have ``function`` as its `fit`, as if it were written there."""
    function.__module__, function.__qualname__ = film.__name__, "fit"
    vars(film)["fit"] = function
    return function


def test_a_function_is_known_as_long_as_its_module_has_it(
    known: KnownCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, here = ModuleType("film_of_shared"), Environment()
    monkeypatch.setitem(sys.modules, film.__name__, film)

    def fit(x: int) -> int:
        return x

    def other(x: int) -> int:
        return 2 * x

    first = of(known, put_into(film, fit), here)
    assert first.called.function is None
    assert of(known, fit, here) is first
    put_into(film, other)  # as a reload does
    assert of(known, fit, here).called.function is not None


def test_what_travels_by_value_is_taken_apart_each_time(known: KnownCalls) -> None:
    factor = 2

    def times(x: int) -> int:
        return factor * x

    first = of(known, times, Environment())
    factor = 3
    assert of(known, times, Environment()).called.function != first.called.function


def test_what_is_known_is_bounded(known: KnownCalls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    first = of(known, "m:a")
    of(known, "m:b")
    of(known, "m:c")
    assert of(known, "m:a") is not first


def test_one_text_is_a_list_of_one() -> None:
    said = Environment.said(None, None, "numpy", ["a==1", "b==2"], as_installed=True)
    assert said == Environment(taken=("numpy",), requires=("a==1", "b==2"), as_installed=True)


def test_what_no_job_can_be_is_refused(known: KnownCalls) -> None:
    with pytest.raises(InvalidEntryPoint, match="is a path, not a module"):
        of(known, "fit.py:run")
