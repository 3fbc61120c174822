"""The curve of what a job reports."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from park.cards.sparkline import sparkline


def points(html: str) -> list[tuple[float, float]]:
    (line,) = re.findall('points="([^"]*)"', html)
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())]


def test_it_falls_as_the_values_do() -> None:
    html = sparkline("chisq", [9.0, 4.0, 1.0])
    assert [x for x, _ in points(html)] == [3.0, 160.0, 317.0]
    heights = [y for _, y in points(html)]
    assert heights == sorted(heights)
    assert "chisq: 9 at first, 1 now" in html


def test_what_is_no_number_is_left_out() -> None:
    assert len(points(sparkline("chisq", [None, 3.0, float("nan"), float("inf"), 2.0]))) == 2


@pytest.mark.parametrize("values", [[], [1.0], [None, 1.0, float("nan")]])
def test_one_value_is_no_sparkline(values: list[float | None]) -> None:
    assert sparkline("chisq", values) == ""


def test_a_name_draws_nothing() -> None:
    assert "<script" not in sparkline('"><script>', [1.0, 2.0])


@given(st.lists(st.floats(), min_size=2, max_size=20))
@example([0.0, 2.2250738585e-313])
def test_any_numbers_stay_inside_of_the_picture(values: list[float | None]) -> None:
    html = sparkline("x", values)
    if html:
        assert all(0 <= x <= 320 and 0 <= y <= 64 for x, y in points(html))
