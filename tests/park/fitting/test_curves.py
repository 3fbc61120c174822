"""Curves and profiles as columns: of what refl1d, sasmodels and bumps have as models."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from park.fitting.curves import curves_of, profile_of

Q, R, DR, FIT = [0.1, 0.2], [1.0, 0.5], [0.1, 0.05], [1.2, 0.4]


class Rows(list[Any]):
    """What indexes and ravels as an array."""

    def __getitem__(self, index: Any) -> Any:
        return Rows(each for each, chosen in zip(self, index, strict=True) if chosen)

    def ravel(self) -> list[Any]:
        return list(self)


def probe(**more: Any) -> Any:
    return SimpleNamespace(Q=Q, R=R, dR=DR, polarized=False, **more)


def columns(experiment: Any) -> list[dict[str, Any]]:
    return [table.columns for table in curves_of(experiment)]


def test_a_reflectivity_curve_has_its_resolution() -> None:
    experiment = SimpleNamespace(
        name="film", probe=probe(dQ=[0.01, 0.02]), reflectivity=lambda: (Q, FIT)
    )
    (table,) = curves_of(experiment)
    assert table.name == "film"
    assert list(table.columns) == ["x", "dx", "y", "dy", "fit", "residual"]
    assert table.columns["dx"] == [0.01, 0.02]
    assert table.columns["residual"] == pytest.approx([2.0, -2.0])


def test_each_measured_cross_section_has_a_curve() -> None:
    spins = SimpleNamespace(polarized=True, xs=[probe(), None, None, probe()])
    experiment = SimpleNamespace(
        name="film", probe=spins, reflectivity=lambda: [(Q, FIT), (Q, R), (Q, R), (Q, R)]
    )
    tables = curves_of(experiment)
    assert [table.name for table in tables] == ["film --", "film ++"]
    assert [table.columns["fit"] for table in tables] == [FIT, R]


def test_a_probe_without_data_has_none() -> None:
    simulated = SimpleNamespace(Q=Q, R=None, dR=None, polarized=False)
    assert curves_of(SimpleNamespace(probe=simulated, reflectivity=lambda: (Q, FIT))) == []


def test_a_scattering_curve_has_the_points_that_are_fitted() -> None:
    data = SimpleNamespace(x=Rows([0.05, *Q]), dx=None)
    experiment = SimpleNamespace(
        _data=data, index=[False, True, True], Iq=R, dIq=DR, theory=lambda: FIT
    )
    (found,) = columns(experiment)
    assert list(found) == ["x", "y", "dy", "fit", "residual"]
    assert found["x"] == Q
    plane = SimpleNamespace(qx_data=Rows([1.0, 2.0, 3.0]), qy_data=Rows([4.0, 5.0, 6.0]))
    (found,) = columns(SimpleNamespace(**{**vars(experiment), "_data": plane}))
    assert (found["qx"], found["qy"]) == ([2.0, 3.0], [5.0, 6.0])


def test_a_curve_of_bumps_and_whatever_is_like_it() -> None:
    (found,) = columns(SimpleNamespace(x=Q, y=R, dy=[0.1, 0.0], theory=lambda: FIT))
    assert found["residual"][0] == pytest.approx(2.0)
    assert math.isnan(found["residual"][1])


def test_of_anything_else_there_are_the_residuals_that_it_defines() -> None:
    model = SimpleNamespace(residuals=lambda: Rows([3.0, 4.0]))
    assert columns(model) == [{"residual": [3.0, 4.0]}]


def test_columns_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="columns of different lengths"):
        curves_of(SimpleNamespace(x=[1.0], y=R, dy=DR, theory=lambda: FIT))


def test_profiles_are_those_of_reflectometry() -> None:
    plain = SimpleNamespace(smooth_profile=lambda: ([0, 1], [2, 3], [0, 0]))
    table = profile_of(plain)
    assert table is not None
    assert table.columns == {"z": [0, 1], "rho": [2, 3], "irho": [0, 0]}
    magnetic = SimpleNamespace(
        ismagnetic=True, smooth_profile=None, magnetic_smooth_profile=lambda: [[1]] * 5
    )
    table = profile_of(magnetic)
    assert table is not None
    assert list(table.columns) == ["z", "rho", "irho", "rho_m", "theta_m"]
    assert profile_of(SimpleNamespace()) is None
