"""Values there and back, and what must not come back."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.runtime.codec import (
    TAG,
    CodecError,
    FileValue,
    Node,
    decode,
    decode_call,
    encode,
    encode_call,
)

HASHABLE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.dates()
    | st.timedeltas()
    | st.builds(FileValue, sha256=st.just("ab" * 32), name=st.just("run.txt"))
    | st.sampled_from([Path("a/b"), PurePosixPath("a/b"), PureWindowsPath("a/b")])
)
KEYS = HASHABLE | st.tuples(HASHABLE, HASHABLE)
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.just(TAG), inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(KEYS, max_size=4)
        | st.frozensets(KEYS, max_size=4)
    ),
    max_leaves=12,
)


def there_and_back(value: object, **there: Any) -> Any:
    document = json.loads(json.dumps(encode(value, set_hash="here"), allow_nan=False))
    return decode(document, set_hash="here", **there)


def shown(value: object) -> str:
    """Show a value such that nan equals nan, True differs from 1, and order in sets is lost."""
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}{[shown(item) for item in value]}"
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__}{sorted(shown(item) for item in value)}"
    if isinstance(value, dict):
        return f"dict{[(shown(key), shown(item)) for key, item in value.items()]}"
    return repr(value)


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    assert shown(there_and_back(value)) == shown(value)


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.recursive(st.none() | st.booleans() | st.text() | FINITE, st.lists))
def test_what_json_can_say_is_said_in_json(value: object) -> None:
    assert encode(value, set_hash=None) == value


def test_integers_beyond_64_bits_keep_every_digit() -> None:
    big = 10**5000
    assert there_and_back(big) == big
    assert there_and_back(-big) == -big


def test_numpy_is_not_imported_to_encode() -> None:
    code = (
        "import sys; from park.runtime.codec import encode; encode([1.5], set_hash='x');"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_array_says_that_numpy_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(CodecError, match="numpy is not installed here"):
        decode({TAG: "ndarray", "npy": ""}, set_hash=None)


class Thing:
    def __init__(self, value: int) -> None:
        self.value = value


class Fraud(str):
    __slots__ = ()


def test_anything_else_is_pickled_with_its_set_hash() -> None:
    document = encode([Thing(3)], set_hash="here")
    assert document[0]["set_hash"] == "here"
    assert document[0]["type"].endswith(".Thing")
    assert decode(document, set_hash="here")[0].value == 3


@pytest.mark.parametrize("set_hash", ["there", "", None])
def test_a_pickle_of_another_set_is_refused(set_hash: str | None) -> None:
    document = encode(Thing(3), set_hash="here")
    with pytest.raises(CodecError, match="pickled under the set here cannot be read here"):
        decode(document, set_hash=set_hash)


def test_without_a_set_hash_nothing_is_pickled() -> None:
    with pytest.raises(CodecError, match="can only be pickled"):
        encode(Thing(3), set_hash=None)


def test_an_instance_of_a_subclass_keeps_its_type() -> None:
    assert type(there_and_back(Fraud("x"))) is Fraud


@pytest.mark.parametrize("value", [sys.stdout, lambda: None])
def test_what_cannot_be_pickled_says_so(value: object) -> None:
    with pytest.raises(CodecError, match="cannot be pickled"):
        encode(value, set_hash="here")


def test_a_value_that_contains_itself_says_so() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(CodecError, match="contains itself"):
        encode(value, set_hash="here")


def test_a_result_that_contains_itself_is_one_pickle() -> None:
    value: list[Any] = [[1]]
    value.append(value)
    document = encode(value, set_hash="here", as_whole=True)
    assert document["$park"] == "pickle"
    back = decode(document, set_hash="here")
    assert back[1] is back
    assert back[0] == [1]
    with pytest.raises(CodecError, match="contains itself"):
        encode(value, set_hash=None, as_whole=True)  # which nobody could read


def test_what_lies_beside_a_part_is_not_read() -> None:
    beside = {"$park": "pickle", "base64": "", "set_hash": "another", "type": "model.Fit"}
    value = {"chisq": 1.5, "fit": beside}
    node = {"$park": "selected", "value": value, "path": [["item", "chisq"]]}
    assert decode(node, set_hash="here") == 1.5
    with pytest.raises(CodecError, match=r"model\.Fit pickled under the set another"):
        decode({**node, "path": [["item", "fit"]]}, set_hash="here")
    with pytest.raises(CodecError, match=r"\['chisq'\] has no item 0: it is a float"):
        decode({**node, "path": [["item", "chisq"], ["item", 0]]}, set_hash="here")


def test_zones_with_rules_survive() -> None:
    zone = dt.timezone(dt.timedelta(hours=2), "CEST")
    moment = dt.datetime(2026, 10, 25, 2, 30, tzinfo=zone, fold=1)
    back = there_and_back(moment)
    assert (back, back.tzname(), back.fold) == (moment, "CEST", 1)


def test_a_file_is_a_path_where_the_inputs_are() -> None:
    file = FileValue(sha256="ab" * 32, name="run.txt")
    expected = str(Path("/inputs") / ("ab" * 32) / "run.txt")
    assert there_and_back(file, inputs="/inputs") == expected


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/etc/passwd"])
def test_a_file_stays_in_the_inputs(name: str) -> None:
    document = {TAG: "file", "sha256": "ab" * 32, "name": name}
    with pytest.raises(CodecError, match="not the name of a file"):
        decode(document, set_hash=None, inputs="/inputs")


@pytest.mark.parametrize(
    "document",
    [
        {TAG: "tuple"},
        {TAG: "novelty"},
        {TAG: ["unhashable"]},
        {TAG: "bytes", "base64": "***"},
        {TAG: "int", "hex": "no number"},
        {TAG: "dict", "items": [[1]]},
        {TAG: "pickle", "base64": "AAAA", "set_hash": "here", "type": "x.Y"},
    ],
)
def test_a_damaged_document_is_a_codec_error(document: Any) -> None:
    with pytest.raises(CodecError):
        decode(document, set_hash="here")


def test_a_call_comes_back() -> None:
    document = json.loads(json.dumps(encode_call((1, (2,)), {"c": math.inf}, set_hash=None)))
    assert decode_call(document, set_hash=None) == ([1, (2,)], {"c": math.inf})


def test_a_ready_node_passes_through() -> None:
    reference = {TAG: "reference", "job": "7f3a", "what": "value"}
    assert encode([1, {"x": Node(document=reference)}], set_hash=None) == [1, {"x": reference}]


def selected(value: object, *path: tuple[str, object]) -> Any:
    steps = [list(step) for step in path]
    document = {TAG: "selected", "value": encode(value, set_hash="here"), "path": steps}
    return decode(json.loads(json.dumps(document)), set_hash="here")


def test_a_selection_leads_into_a_value() -> None:
    assert (
        selected({"fit": ({"chisq": 1.5},)}, ("item", "fit"), ("item", 0), ("item", "chisq")) == 1.5
    )
    assert selected(dt.date(2026, 11, 23), ("attribute", "year")) == 2026
    assert selected([1, 2]) == [1, 2]


@pytest.mark.parametrize(
    ("value", "step", "line"),
    [
        ({"a": 1, "b": 2}, ("item", "c"), "no item 'c': it is a dict with 'a', 'b'"),
        ([1, 2], ("item", 2), "no item 2: it is a list of 2"),
        (1.5, ("item", "c"), "no item 'c': it is a float"),
        ({}, ("item", "c"), "it is a dict with nothing in it"),
        (dt.date(2026, 1, 1), ("attribute", "hour"), "no attribute 'hour': it is a date with "),
        ({str(i): i for i in range(12)}, ("item", "c"), "'9', 2 more"),
    ],
)
def test_a_selection_that_leads_nowhere_says_what_there_is(
    value: object, step: tuple[str, object], line: str
) -> None:
    with pytest.raises(CodecError, match=re.escape(line)):
        selected(value, step)


def test_a_selection_says_how_far_it_came() -> None:
    with pytest.raises(CodecError, match=re.escape("['fit'].real has no item 0")):
        selected({"fit": 1.5}, ("item", "fit"), ("attribute", "real"), ("item", 0))
