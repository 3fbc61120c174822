"""What is fitted, and what it consists of, in bumps 0.9 as well as in 1.0."""

from __future__ import annotations

import importlib
import math
from types import SimpleNamespace
from typing import Any

import pytest

from park.fitting.fit_problem import (
    as_problem,
    chisq_scale,
    experiments_of,
    finite,
    points_of,
    versions_of,
)


class Model:
    """An experiment."""

    def parameters(self) -> list[Any]:
        return []

    def residuals(self) -> list[float]:
        return [1.0, 2.0]

    def numpoints(self) -> int:
        return 2


class Problem:
    """A problem of models, as bumps 1.0 has it."""

    dof = 8

    def __init__(self, made_of: Any) -> None:
        self.made_of = made_of
        self.models = made_of if isinstance(made_of, list) else [made_of]

    def getp(self) -> list[float]:
        return []

    def setp(self, _: Any) -> None: ...

    def nllf(self) -> float:
        return 0.0

    def bounds(self) -> Any:
        return [], []

    def chisq(self, nllf: float = 0.0) -> float:
        return nllf / 4


class OldPart:
    """A model of several, as bumps 0.9 wraps it."""

    def __init__(self, fitness: Any) -> None:
        self.fitness = fitness
        self.updates = 0

    def model_update(self) -> None:
        self.updates += 1


class OldProblem(OldPart):
    """A problem of one model, as bumps 0.9 has it."""

    dof = 8

    def chisq(self) -> float:
        return 1.0


@pytest.fixture
def bumps(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(FitProblem=Problem)
    monkeypatch.setattr(importlib, "import_module", lambda _: module)


@pytest.mark.usefixtures("bumps")
def test_a_problem_is_taken_as_it_is_and_one_is_made_of_a_model_or_several() -> None:
    problem, model = Problem([]), Model()
    assert as_problem(problem) is problem
    assert as_problem(model).made_of is model
    assert as_problem((model, model)).made_of == [model, model]


@pytest.mark.parametrize("value", [{}, "text", [], [Model(), "text"]])
@pytest.mark.usefixtures("bumps")
def test_what_is_no_problem_is_told(value: object) -> None:
    with pytest.raises(ValueError, match="takes a bumps FitProblem or a model for one; got "):
        as_problem(value)


def test_the_models_of_a_problem_are_the_same_in_all_versions() -> None:
    model = Model()
    old = OldProblem(model)
    several = SimpleNamespace(models=[OldPart(model), OldPart(model)])
    assert list(experiments_of(Problem(model))) == [model]
    assert list(experiments_of(old)) == [model]
    assert list(experiments_of(several)) == [model, model]
    assert [part.updates for part in (old, *several.models)] == [1, 1, 1]  # with its own values
    assert [points_of(Problem(model)), points_of(several)] == [2, 4]


@pytest.mark.parametrize(
    ("problem", "method", "scale"),
    [
        (Problem([]), "lm", 0.25),
        (OldProblem(None), "amoeba", 0.25),
        (OldProblem(None), "lm", 0.125),  # the sum of squares, in place of half of it
    ],
)
def test_what_makes_chisq_of_a_cost(problem: Any, method: str, scale: float) -> None:
    assert chisq_scale(problem, method) == scale


def test_numbers_that_json_has_not_are_none() -> None:
    assert [finite(1), finite(math.inf), finite(math.nan)] == [1.0, None, None]


def test_the_versions_are_those_of_what_took_part() -> None:
    class Cost:
        """A model of a distribution that is here."""

    Cost.__module__ = "pytest.models"
    found = versions_of(SimpleNamespace(models=[Cost()]))
    assert found["python"].startswith("3.")
    assert found["pytest"] == pytest.__version__
