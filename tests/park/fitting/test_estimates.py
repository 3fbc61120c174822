"""What a fit found, as plain data, and whether it has converged."""

from __future__ import annotations

import importlib
import json
import math
from types import SimpleNamespace
from typing import Any

import pytest

from park.fitting.early_end import ASKED, CANCELLED, GOOD_ENOUGH, TIMEOUT
from park.fitting.estimates import converged_why, draws_of, parameters_of, uncertainties_of

PROBLEM = SimpleNamespace(
    labels=lambda: ["a", "b"], bounds=lambda: ([0.0, -math.inf], [1.0, math.inf])
)


class LinAlgError(Exception):
    """A matrix that cannot be inverted."""


@pytest.mark.parametrize("error", [ValueError, ZeroDivisionError, LinAlgError, IndexError, None])
def test_there_are_uncertainties_where_the_problem_determines_them(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception] | None
) -> None:
    algebra = SimpleNamespace(LinAlgError=LinAlgError)
    monkeypatch.setattr(importlib, "import_module", lambda _: algebra)

    def stderr() -> list[float]:
        if error is not None:
            raise error
        return [0.1, math.nan]

    found = uncertainties_of(SimpleNamespace(stderr=stderr), 2)
    assert found == [0.1 if error is None else None, None]


def test_parameters_have_bounds() -> None:
    found = parameters_of(PROBLEM, [0.5, 2.0], [0.1, None])
    assert found == {
        "a": {"value": 0.5, "uncertainty": 0.1, "bounds": [0.0, 1.0]},
        "b": {"value": 2.0, "uncertainty": None, "bounds": [None, None]},
    }
    json.dumps(found, allow_nan=False)


def why(*, result: Any = None, chains: Any = None, **facts: Any) -> tuple[bool | None, str]:
    driver = SimpleNamespace(fitter=SimpleNamespace(result=result))
    known = {"method": "amoeba", "steps": 7, "total": 300, "stopped": None, **facts}
    return converged_why(driver, chains=chains, **known)


def test_one_that_ended_by_itself_met_its_tolerance() -> None:
    assert why() == (True, "met the tolerance of amoeba")
    assert why(total=None) == (True, "met the tolerance of amoeba")


@pytest.mark.parametrize("steps", [299, 300])
def test_one_that_came_to_its_limit_did_not(steps: int) -> None:
    assert why(steps=steps) == (False, "came to the limit of its 300 steps")


@pytest.mark.parametrize("reason", [GOOD_ENOUGH, ASKED, TIMEOUT, CANCELLED])
def test_one_that_was_stopped_says_so(reason: str) -> None:
    has_converged, text = why(stopped=reason, steps=300)
    assert has_converged is False
    assert text.startswith("stopped: ")


def test_samplers_have_no_tolerance() -> None:
    assert why(method="pt")[0] is None


@pytest.mark.parametrize(
    ("status", "has_converged", "text"),
    [(1, True, "Gradient < tolerance"), (7, False, "status 7")],
)
def test_newton_says_itself_how_it_ended(
    monkeypatch: pytest.MonkeyPatch, status: int, *, has_converged: bool, text: str
) -> None:
    module = SimpleNamespace(STATUS={1: "Gradient < tolerance"})
    monkeypatch.setattr(importlib, "import_module", lambda _: module)
    assert why(result={"status": status}) == (has_converged, text)


def test_only_what_has_drawn_has_draws() -> None:
    def nothing() -> None:
        raise IndexError

    drawn = SimpleNamespace(points="points", logp="logp")
    state = SimpleNamespace(draw=lambda **_: drawn, chains=lambda: (0, "chains", 0))
    found = draws_of(SimpleNamespace(fitter=SimpleNamespace(state=state)))
    assert found is not None
    assert vars(found) == {"points": "points", "logp": "logp", "chains": "chains"}
    state.draw = nothing
    assert draws_of(SimpleNamespace(fitter=SimpleNamespace(state=state))) is None
    assert draws_of(SimpleNamespace(fitter=SimpleNamespace())) is None
    steps = SimpleNamespace(state={"step": [1]})  # de has a state of another kind
    assert draws_of(SimpleNamespace(fitter=steps)) is None
