"""How a comparison is summed up."""

from __future__ import annotations

import math

import pytest

from park.errors import UsageError
from park.model.parity.comparison import Comparison, Tolerance, Verdict


def found(**tolerance: float) -> Comparison:
    return Comparison(of="result", tolerance=Tolerance(**tolerance))


def test_what_is_the_same_is_equal_also_where_it_is_no_number() -> None:
    comparison = found()
    for value in (1.5, math.nan, math.inf, -math.inf, 0.0):
        comparison.numbers("result", value, value)
    assert (comparison.verdict, comparison.deviation) == (Verdict.EQUAL, None)


def test_the_farthest_of_what_is_covered_is_told() -> None:
    comparison = found(relative=1e-3)
    comparison.numbers("a", 1.0, 1.0001)
    comparison.numbers("b", 1.0, 1.0005)
    comparison.numbers("c", 1.0, 1.0002)
    assert (comparison.verdict, comparison.within) == (Verdict.CLOSE, 3)
    assert str(comparison.deviation).startswith("b: 1.0 there, 1.0005 here (apart by 0.0005")


def test_the_first_of_what_is_not_covered_is_told_before_it() -> None:
    comparison = found(relative=1e-3)
    comparison.numbers("a", 1.0, 1.0001)
    comparison.numbers("b", 1.0, 1.1)
    comparison.differs("c", "film", "layer")
    assert (comparison.verdict, comparison.beyond) == (Verdict.DIFFERENT, 2)
    assert str(comparison.deviation).startswith("b: 1.0 there, 1.1 here")


@pytest.mark.parametrize(
    ("there", "here", "covered"),
    [(0.0, 1e-7, True), (0.0, 1e-5, False), (math.nan, 1.0, False), (math.inf, 1e300, False)],
)
def test_an_absolute_tolerance_is_for_what_is_near_zero(
    there: float, here: float, *, covered: bool
) -> None:
    comparison = found(relative=0.0, absolute=1e-6)
    comparison.numbers("a", there, here)
    assert (comparison.verdict is Verdict.CLOSE) is covered


@pytest.mark.parametrize("value", [-1e-9, math.nan])
def test_no_tolerance_is_below_zero(value: float) -> None:
    with pytest.raises(UsageError, match="a relative tolerance of"):
        Tolerance(relative=value)
