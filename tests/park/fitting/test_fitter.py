"""Fitters by their names, and what they can be told; one stands for any of bumps'."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest

from park.fitting.fitter import expected_steps, fitter_of, maps_populations, settings_of

DREAM = SimpleNamespace(
    id="dream", settings=[("samples", 1_000), ("pop", 10), ("burn", 100), ("steps", 0)]
)
AMOEBA = SimpleNamespace(id="amoeba", settings=[("steps", 1_000), ("starts", 1), ("radius", 0.15)])
PROBLEM = SimpleNamespace(getp=lambda: [0.0, 0.0])


def test_it_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    bumps = SimpleNamespace(FITTERS=[DREAM, AMOEBA])
    monkeypatch.setattr(importlib, "import_module", lambda _: bumps)
    assert fitter_of("dream") is DREAM
    with pytest.raises(ValueError, match="no fit method 'magic' in bumps; it has amoeba, dream"):
        fitter_of("magic")


def test_it_is_told_what_it_knows() -> None:
    assert settings_of(AMOEBA, None, {"radius": 0.2}) == {"radius": 0.2}
    assert settings_of(AMOEBA, 5, {}) == {"steps": 5}
    with pytest.raises(ValueError, match="amoeba has no option burn, pop; it has radius, starts"):
        settings_of(AMOEBA, None, {"pop": 1, "burn": 2})
    with pytest.raises(ValueError, match="at least one step; got steps=0"):
        settings_of(AMOEBA, 0, {})


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
    assert expected_steps(fitter, settings, PROBLEM) == steps


def test_which_have_several_points_to_evaluate_at_a_time() -> None:
    assert maps_populations("de")
    assert not maps_populations("amoeba")
