"""The result of a fit as people read it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from park.fitting.summary import head, html_table, rounded, summary

RESULT: dict[str, Any] = {
    "chisq": 1.23456, "points": 408, "method": "amoeba", "steps": 299, "converged": False,
    "why": "came to the limit of its 300 steps", "labels": ["scale", "film SLD"],
    "values": [0.8891, 2.303], "uncertainties": [0.0036, None],
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (12.34567, 0.0321, "12.346 ± 0.032"),
        (1234.5, 321.0, "1230 ± 320"),
        (0.5, None, "0.5"),
        (0.5, math.inf, "0.5"),
        (0.0, 0.01, "0.000 ± 0.010"),
        (2.57e-7, 2.5e-8, "2.57e-07 ± 2.5e-08"),
        (-3.0, 20.0, "-3 ± 20"),
    ],
)
def test_a_value_has_the_digits_that_it_is_worth(
    value: float, error: float | None, text: str
) -> None:
    assert rounded(value, error) == text


def test_it_is_told_in_a_few_lines() -> None:
    assert summary(RESULT).splitlines() == [
        f"chisq 1.2346 of 408 points, amoeba, 299 steps: not converged, {RESULT['why']}",
        "  scale     0.8891 ± 0.0036",
        "  film SLD  2.303",
    ]


@pytest.mark.parametrize(
    ("changed", "end"),
    [
        ({"converged": True, "why": "met the tolerance of lm"}, "converged, met the tolerance of"),
        ({"converged": None, "why": "pt takes samples"}, "sampled, pt takes samples"),
        ({"stopped": "cancelled", "why": "stopped: by whom"}, "299 steps: stopped: by whom"),
        ({"chisq": None}, "chisq none of 408"),
    ],
)
def test_its_end_is_told(changed: dict[str, Any], end: str) -> None:
    assert end in head({**RESULT, **changed})


def test_a_best_point_that_was_kept_on_the_way_can_be_told_as_well() -> None:
    kept: dict[str, Any] = {"chisq": 2.0, "labels": ["a"], "values": [1.5]}
    kept |= {"stopped": "killed", "why": "it goes on, or was killed"}
    assert summary(kept).splitlines()[-1] == "  a  1.5"
    assert "it goes on, or was killed" in summary(kept)


def test_names_are_no_html() -> None:
    assert "&lt;b&gt;" in html_table({**RESULT, "labels": ["<b>", "c"]})
