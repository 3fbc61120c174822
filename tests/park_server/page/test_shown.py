"""Calls and results as people read them, whatever is in them."""

from __future__ import annotations

from typing import Any

import pytest

from park_server.page.shown import arguments_of, shown

JOB = "01a2071c-2c6f-780c-a349-7e5f7c64364a"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (0, "0"),
        (1, "1"),
        (1.5, "1.5"),
        ("a'b", '"a\'b"'),
        ([1, "x"], "[1, 'x']"),
        ({"a": [1]}, "{'a': [1]}"),
        ({"$park": "tuple", "items": [1, 2]}, "(1, 2)"),
        ({"$park": "float", "value": "nan"}, "nan"),
        ({"$park": "file", "name": "run.dat", "sha256": "0"}, "file run.dat"),
        ({"$park": "service-file", "path": "~/run.zip"}, "~/run.zip"),
        ({"$park": "reference", "job": JOB, "what": "value"}, "the value of job …64364a"),
        ({"$park": "pickle", "type": "m:Layer", "base64": "", "repr": "Layer(3)"}, "Layer(3)"),
        ({"$park": "pickle", "type": "m:Layer", "base64": ""}, "a m:Layer, pickled"),
        ({"$park": "ndarray", "npy": "no base64"}, "an array"),
        ({"$park": "else"}, "a else"),
        ({"$park": 3}, "a 3"),
        (
            {
                "$park": "selected",
                "value": {"$park": "reference", "job": JOB, "what": "value"},
                "path": [["item", "chisq"], ["attribute", "real"], 3],
            },
            "the value of job …64364a['chisq'].real…",
        ),
    ],
)
def test_a_value_is_said_in_a_line(value: Any, text: str) -> None:
    assert shown(value) == text


def test_no_value_is_too_large_or_too_deep() -> None:
    deep: Any = 1
    for _ in range(3_000):
        deep = [deep]
    assert "…" in shown(deep)
    assert len(shown([["x" * 10_000] * 1_000] * 1_000)) < 10_000
    assert ", … 50 more" in shown(list(range(100)))
    assert len(shown({"$park": "selected", "value": 1, "path": [["item", "x"]] * 100_000})) < 10_000


def test_what_no_line_shows_is_said_otherwise() -> None:
    assert "\x1b" not in shown("\x1b[31m\u202e")
    assert "\x1b" not in shown({"$park": "file", "name": "\x1b]0;x\x07"})


def test_arguments_have_their_names_and_lead_to_jobs() -> None:
    call = {"args": [1, {"$park": "reference", "job": JOB, "what": "value"}], "kwargs": {"n": "x"}}
    records, left_out = arguments_of(call)
    assert [(each.name, each.text, each.job) for each in records] == [
        (None, "1", None),
        (None, "the value of job …64364a", JOB),
        ("n", "'x'", None),
    ]
    assert left_out == 0
    assert arguments_of({"args": list(range(250))})[1] == 150
    assert arguments_of({}) == ([], 0)
