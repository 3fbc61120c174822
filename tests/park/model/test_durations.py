"""Durations: a number and a unit, and nothing else."""

from __future__ import annotations

import pytest

from park.model.durations import parse_duration, report_age


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("12h", 43_200), ("90d", 7_776_000), ("2w", 1_209_600),
     ("1.5 h", 5400)],
)  # fmt: skip
def test_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1y", "1d2h", "nan d"])
def test_what_is_no_duration_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number and s, m, h, d or w"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("age_s", "text"),
    [
        (None, ""),
        (59.9, ""),
        (60.0, "last report 1 min ago"),
        (725.0, "last report 12 min ago"),
        (3_661.0, "last report 1 h 1 min ago"),
        (90_000.0, "last report 1 d 1 h ago"),
    ],
)
def test_the_age_of_a_report_is_said_once_it_is_worth_it(age_s: float | None, text: str) -> None:
    assert report_age(age_s) == text
