"""What a fit is told and what it tells, with a fitter that stands for any of bumps'."""

from __future__ import annotations

import importlib
import json
import math
import time
from types import SimpleNamespace
from typing import Any

import pytest

from park import fitting

DREAM = SimpleNamespace(
    id="dream", settings=[("samples", 1_000), ("pop", 10), ("burn", 100), ("steps", 0)]
)
AMOEBA = SimpleNamespace(id="amoeba", settings=[("steps", 1_000), ("starts", 1), ("radius", 0.15)])


class Problem:
    """A problem of two parameters."""

    def __init__(self) -> None:
        self.models: list[Any] = []

    def getp(self) -> list[float]:
        return [0.0, 0.0]

    def setp(self, _: Any) -> None: ...

    def nllf(self) -> float:
        return 0.0

    def bounds(self) -> tuple[list[float], list[float]]:
        return [0.0, -math.inf], [1.0, math.inf]

    def labels(self) -> list[str]:
        return ["a", "b"]

    def chisq(self, nllf: float = 0.0) -> float:
        return nllf


def test_what_is_a_problem_is_taken_as_it_is_and_what_is_none_is_told() -> None:
    problem = Problem()
    assert fitting._as_problem(problem) is problem
    with pytest.raises(ValueError, match="takes a bumps FitProblem or a model for one; got dict"):
        fitting._as_problem({})


def test_the_fitter_is_told_what_it_knows() -> None:
    assert fitting._settings(AMOEBA, None, {"radius": 0.2}) == {"radius": 0.2}
    assert fitting._settings(AMOEBA, 5, {}) == {"steps": 5}
    with pytest.raises(ValueError, match="amoeba has no option burn, pop; it has radius, starts"):
        fitting._settings(AMOEBA, None, {"pop": 1, "burn": 2})
    with pytest.raises(ValueError, match="at least one step; got steps=0"):
        fitting._settings(AMOEBA, 0, {})


@pytest.mark.parametrize(
    ("fitter", "settings", "steps"),
    [
        (AMOEBA, {}, 1_000),
        (AMOEBA, {"steps": 7}, 7),
        (AMOEBA, {"steps": 7, "starts": 3}, None),  # each start may end early
        (DREAM, {}, 150),  # 1,000 samples of 10 times 2 parameters, after 100 of burn-in
        (DREAM, {"pop": -10}, 200),  # a population as it is
        (DREAM, {"steps": 30}, 130),
        (SimpleNamespace(id="x", settings=[]), {}, None),
    ],
)
def test_how_many_steps_it_takes_at_most(
    fitter: Any, settings: dict[str, Any], steps: int | None
) -> None:
    assert fitting._expected_steps(fitter, settings, Problem()) == steps


def test_it_reports_the_best_so_far_seldom_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    moments = iter([0.0, 0.1, 0.3, 0.35])
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(fitting, "progress", lambda *what, **more: told.append((*what, more)))
    monitor = fitting._Monitor(Problem(), total=3)
    for step, value in enumerate([4.0, 1.0, 2.0, 9.0], start=1):
        monitor(SimpleNamespace(step=[step], value=[value]))
    monitor.final(None, {"value": 0.5})
    assert told == [(1, 3, {"chisq": 4.0}), (3, 3, {"chisq": 1.0}), (3, 3, {"chisq": 0.5})]
    assert monitor.step == 4


def test_an_end_without_a_minimum_says_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(fitting, "progress", lambda *what, **more: told.append((*what, more)))
    fitting._Monitor(Problem(), total=None).final(None, {"value": None})
    assert told == [(0, None, {"chisq": None})]


@pytest.mark.parametrize("error", [ValueError, ZeroDivisionError, None])
def test_parameters_have_bounds_and_errors_where_there_are_any(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception] | None
) -> None:
    algebra = SimpleNamespace(LinAlgError=type("LinAlgError", (Exception,), {}))
    monkeypatch.setattr(importlib, "import_module", lambda _: algebra)

    def stderr() -> list[float]:
        if error is not None:
            raise error
        return [0.1, math.nan]

    found = fitting._parameters(Problem(), [0.5, 2.0], SimpleNamespace(stderr=stderr))
    uncertainty = 0.1 if error is None else None
    assert found == {
        "a": {"value": 0.5, "uncertainty": uncertainty, "bounds": [0.0, 1.0]},
        "b": {"value": 2.0, "uncertainty": None, "bounds": [None, None]},
    }
    json.dumps(found, allow_nan=False)
