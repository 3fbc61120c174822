"""One axis of a chart: places and ticks."""

from __future__ import annotations

import math

import pytest

from park.fitting.axis import axis_of


def test_values_are_between_its_ends() -> None:
    axis = axis_of([0.0, 10.0, math.nan, math.inf], start=100.0, end=200.0)
    assert 100 < axis.place(0.0) < axis.place(5.0) < axis.place(10.0) < 200
    assert axis.place(5.0) == pytest.approx(150.0)
    assert (axis.place(-99.0), axis.place(99.0)) == (100.0, 200.0)


@pytest.mark.parametrize(
    ("values", "is_log"),
    [([1.0, 1e-6], True), ([1.0, 2.0], False), ([1.0, -1.0], False), ([0.0], False), ([], False)],
)
def test_what_spans_decades_is_logarithmic(values: list[float], *, is_log: bool) -> None:
    axis = axis_of(values, start=0.0, end=1.0, may_be_log=True)
    assert axis.is_log is is_log
    assert not axis_of(values, start=0.0, end=1.0).is_log


def test_a_few_points_below_zero_are_drawn_at_the_end_of_a_logarithmic_one() -> None:
    values = [10.0**-number for number in range(30)] + [-1e-9]
    axis = axis_of(values, start=0.0, end=1.0, may_be_log=True)
    assert axis.is_log
    assert axis.place(-1e-9) == 0.0


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.0, 10.0], [0.0, 5.0, 10.0]),
        ([0.0, 300.0], [0.0, 100.0, 200.0, 300.0]),
        ([1e-6, 1.0], [1e-6, 1e-4, 1e-2, 1.0]),
        ([3.0], [2.9, 2.95, 3.0, 3.05, 3.1]),
    ],
)
def test_ticks_are_round(values: list[float], ticks: list[float]) -> None:
    found = axis_of(values, start=0.0, end=1.0, may_be_log=True).ticks()
    assert found == pytest.approx(ticks)
