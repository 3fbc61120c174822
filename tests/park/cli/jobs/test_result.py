"""A result made plain, as `park run` and `park result` print it."""

import json
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from park.cli.jobs.result import printable


class Scalar:
    """As numpy's arrays and scalars convert."""

    def __repr__(self) -> str:
        return "Scalar()"  # the same on each worker that collects the tests

    def tolist(self) -> list[float]:
        return [1.5, float("nan")]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"a": [1, True, None, "x", 2.5]}, {"a": [1, True, None, "x", 2.5]}),
        ((1, (2,)), [1, [2]]),
        ({3}, [3]),
        (frozenset({3}), [3]),
        ({1: "a", None: "b"}, {"1": "a", "None": "b"}),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Scalar(), [1.5, "nan"]),
        (date(2026, 11, 26), "2026-11-26"),
        (Fraction(1, 3), "1/3"),
    ],
    ids=repr,
)
def test_whatever_a_job_returns_is_json_that_any_program_reads(value: Any, plain: Any) -> None:
    assert printable(value) == plain
    json.loads(json.dumps(printable(value), allow_nan=False))
