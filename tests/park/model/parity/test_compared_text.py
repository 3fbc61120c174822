"""Two texts, number by number."""

from __future__ import annotations

import pytest

from park.model.parity.compared_text import compare_text
from park.model.parity.comparison import Comparison, Tolerance, Verdict


def compared(there: str, here: str) -> Comparison:
    found = Comparison(of="fit.dat", tolerance=Tolerance(relative=1e-6))
    compare_text(there, here, "fit.dat", found)
    return found


@pytest.mark.parametrize(
    ("there", "here", "verdict"),
    [
        ("a 1\nb 2", "a 1\nb 2", Verdict.EQUAL),
        ("chisq = 1.5", "chisq = 1.50000001", Verdict.CLOSE),
        ("1.5e-3 -2.25", "1.50000001e-3 -2.25", Verdict.CLOSE),
        ("   1.0   2.0", "  1.00  2.00", Verdict.EQUAL),
        ("steps 100", "steps 101", Verdict.DIFFERENT),
        ("chisq = 1.5", "chisq = 1.6", Verdict.DIFFERENT),
        ("film 1.0", "layer 1.0", Verdict.DIFFERENT),
        ("1.0", "1.0 2.0", Verdict.DIFFERENT),
        ("1.0\n", "1.0\n2.0\n", Verdict.DIFFERENT),
        ("0.", ".0", Verdict.EQUAL),
        ("007 -0", "7 0", Verdict.EQUAL),
        ("7", "-7", Verdict.DIFFERENT),
        ("1" * 5_000, "1" * 4_999 + "2", Verdict.DIFFERENT),  # which Python does not read
        ("0" + "1" * 5_000, "1" * 5_000, Verdict.EQUAL),
    ],
)
def test_words_must_be_the_same_and_numbers_near(there: str, here: str, verdict: Verdict) -> None:
    assert compared(there, here).verdict is verdict


def test_the_line_is_told() -> None:
    assert str(compared("x\ny 1.0", "x\ny 2.0").deviation).startswith("fit.dat, line 2: 1.0 there")
