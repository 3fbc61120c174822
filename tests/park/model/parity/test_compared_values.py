"""Two results as they travel."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from park.model.parity.compared_values import compare_values
from park.model.parity.comparison import Comparison, Tolerance, Verdict
from park.runtime.codec import encode


def compared(there: Any, here: Any) -> Comparison:
    found = Comparison(of="result", tolerance=Tolerance(relative=1e-6))
    first, second = (encode(each, set_hash="ab", describe=repr) for each in (there, here))
    compare_values(first, second, "result", found)
    return found


VALUES = [
    None, True, 7, 2**80, 1.5, float("nan"), "film", b"\0", [1, [2.0]], (1, 2), {1, 2}, {"a": 1},
    {1: 2.0}, 1 + 2j, dt.date(2026, 1, 1), np.arange(3.0), np.float64(2), Decimal("1.5"),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(VALUES)))
def test_a_value_is_equal_to_itself_and_to_no_other(place: int) -> None:
    for other, value in enumerate(VALUES):
        found = compared(VALUES[place], value)
        assert (found.verdict is Verdict.EQUAL) is (other == place), (VALUES[place], value)


@pytest.mark.parametrize(
    ("there", "here", "where"),
    [
        ({"fit": {"chisq": 1.0}}, {"fit": {"chisq": 2.0}}, "result['fit']['chisq']"),
        ([1, (2, 3.0)], [1, (2, 4.0)], "result[1][1]"),
        ({"a": 1}, {"b": 1}, "result['a']"),
        ([1], [1, 2], "result"),
        (1 + 2j, 1 + 3j, "result.imag"),
        ({"w": np.zeros(3)}, {"w": np.array([0.0, 0.0, 1.0])}, "result['w'][2]"),
        (1, 1.0, "result"),
        (float("inf"), 1.0, "result"),
    ],
)
def test_it_differs_where_it_does(there: Any, here: Any, where: str) -> None:
    found = compared(there, here)
    assert found.verdict is Verdict.DIFFERENT
    assert found.deviation is not None
    assert found.deviation.where == where


@pytest.mark.parametrize(
    ("there", "here"),
    [
        (1.0, 1.0 + 1e-9),
        ([{"x": 2.0}], [{"x": 2.0000001}]),
        (np.float64(3), np.float64(3 + 1e-9)),
        ({0.5: 1.0}, {0.5: 1.0 + 1e-9}),
    ],
)
def test_what_is_near_is_near_wherever_it_stands(there: Any, here: Any) -> None:
    assert compared(there, here).verdict is Verdict.CLOSE


def test_a_pickle_is_compared_as_it_is_printed_and_says_so() -> None:
    found = compared(Decimal("1.50000001"), Decimal("1.5"))
    assert found.verdict is Verdict.CLOSE
    assert found.remarks == ["result is a decimal.Decimal: compared as it is printed"]
    assert compared(Decimal("1.5"), Decimal("1.6")).verdict is Verdict.DIFFERENT
