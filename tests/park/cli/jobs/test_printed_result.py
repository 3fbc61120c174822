"""Results as `park run` and `park result` print them: no two values look the same."""

import datetime as dt
import json
import pickle
from collections import OrderedDict
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from park.cli.jobs.printed_result import json_of, pickle_lines, text_of
from park.runtime import codec
from park.runtime.outcome import described

SET = "5" * 64


def left(value: Any) -> Any:
    """Return ``value`` as a job leaves it."""
    return codec.encode(value, set_hash=SET, describe=described)


class Broken:
    """A value that cannot even say what it is."""

    def __repr__(self) -> str:
        raise OSError("no")


class Long:
    """A value with much to say, and what a terminal would obey."""

    def __repr__(self) -> str:
        return "\x1b[31m" + "x" * 100_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("nan", '"nan"'),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        ("1", '"1"'),
        (1, "1"),
        (None, "null"),
        (1 + 2j, "(1+2j)"),
        (b"ab", "b'ab'"),
        (dt.date(2026, 11, 26), "2026-11-26"),
        ("2026-11-26", '"2026-11-26"'),
        (Decimal("1.5"), "Decimal('1.5')"),
        ({}, "{}"),
        ({1: "a", "1": ()}, '{\n  1: "a",\n  "1": []\n}'),
        ({"a": [1, Decimal(2)]}, "{\n  \"a\": [\n    1,\n    Decimal('2')\n  ]\n}"),
        (OrderedDict(a=1), repr(OrderedDict(a=1))),
        (Broken(), "<Broken, whose repr raised OSError>"),
        (np.float64("nan"), "NaN"),
        (np.complex128(1j), "1j"),
        (np.longdouble("1.5"), "1.5"),
        (np.void(b"ab"), "b'ab'"),
        (np.array([2.5], dtype="g"), "[\n  2.5\n]"),
    ],
    ids=lambda each: ascii(each)[:20] if not isinstance(each, Broken) else "broken",
)
def test_each_value_has_a_text_of_its_own(value: Any, text: str) -> None:
    assert text_of(left(value)) == text


def test_what_json_can_say_is_json() -> None:
    value = {"chisq": 1.25, "names": ["a", "Å"], "more": {"b": None}}
    assert text_of(left(value)) == json.dumps(value, indent=2, ensure_ascii=False)


def test_a_repr_is_bounded_and_no_terminal_obeys_it() -> None:
    text = text_of(left(Long()))
    assert text.startswith("\\x1b[31mxxx")
    assert text.endswith("…")
    assert len(text) < 5_000


def test_the_pickle_has_a_file_that_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path))
    document = left({"a": Decimal("1.5"), "b": [OrderedDict(c=1)]})
    (first, second) = pickle_lines(document)
    found = json_of(document)
    assert first == f"pickle of decimal.Decimal: {found['a']['file']}"
    assert second.startswith("pickle of collections.OrderedDict: ")
    assert pickle.loads(Path(found["a"]["file"]).read_bytes()) == Decimal("1.5")  # noqa: S301
    assert (found["a"]["repr"], found["a"]["set_hash"]) == ("Decimal('1.5')", SET)
    json.loads(json.dumps(found, allow_nan=False))


def test_of_many_pickles_the_first_ten_get_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path))
    document = left([Decimal(number) for number in range(12)])
    assert pickle_lines(document)[-1] == "… and 2 more pickles"
    assert ["file" in node for node in json_of(document)] == [True] * 10 + [False] * 2
