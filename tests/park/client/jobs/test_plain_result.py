"""Results as JSON data: what JSON has no form for stays apart from the text of its name."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pytest

from park.client.jobs.plain_result import pickled_types, plain_json
from park.runtime import codec
from park.runtime.outcome import described


def plain(value: Any) -> Any:
    """Return the JSON data of what a job would have returned."""
    return plain_json(codec.encode(value, set_hash="s", describe=described))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, True, None, "x", 2.5]}, {"a": [1, True, None, "x", 2.5]}),
        ((1, (2,)), [1, [2]]),
        ({3}, [3]),
        (frozenset({3}), [3]),
        ({1: "a", None: "b"}, {"1": "a", "None": "b"}),
        ({1: "a", "1": "b"}, {"$park": "dict", "items": [[1, "a"], ["1", "b"]]}),
        (2**70, 2**70),
        (float("nan"), {"$park": "float", "value": "nan"}),
        ([float("-inf"), "nan"], [{"$park": "float", "value": "-inf"}, "nan"]),
        (1 + 2j, {"$park": "complex", "real": 1.0, "imag": 2.0}),
        (b"ab", {"$park": "bytes", "base64": "YWI="}),
        (dt.date(2026, 11, 26), "2026-11-26"),
        (PurePosixPath("a/b"), "a/b"),
        (
            [Decimal("1.5")],
            [{"$park": "pickle", "set_hash": "s", "type": "decimal.Decimal"}],
        ),
    ],
    ids=repr,
)
def test_whatever_a_job_returns_is_json_that_any_program_reads(value: Any, expected: Any) -> None:
    found = plain(value)
    if isinstance(value, list) and isinstance(value[0], Decimal):
        assert found[0].pop("repr") == "Decimal('1.5')"
    assert found == expected
    json.loads(json.dumps(found, allow_nan=False))


def test_an_integer_that_python_refuses_to_print_stays_a_node() -> None:
    assert plain(10**5000) == {"$park": "int", "hex": hex(10**5000)}


def test_arrays_are_lists_with_what_json_lacks_told_apart() -> None:
    found = plain(np.array([[1.5, np.nan]], dtype="f2"))
    assert found == [[1.5, {"$park": "float", "value": "nan"}]]
    assert plain(np.longdouble("1.5")) == 1.5


def test_the_types_of_pickles_are_found_wherever_they_stand() -> None:
    value = {"a": [Decimal(1), {2: (Decimal(2), range(3))}]}
    assert pickled_types(codec.encode(value, set_hash="s")) == ["builtins.range", "decimal.Decimal"]
    assert pickled_types({"a": [1]}) == []
