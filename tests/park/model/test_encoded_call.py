"""What a service takes of the arguments of a call, and what it refuses with a line."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.material.json_values import JSON_VALUES

from park.errors import UsageError
from park.model import encoded_call
from park.model.encoded_call import check_value, references_of_call
from park.runtime.codec import TAG, CodecError, FileValue, ServiceFile, encode
from park.runtime.levels import MOST_LEVELS, is_too_deep


def nested(levels: int) -> Any:
    """Return lists inside each other."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


def call(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"args": list(args), "kwargs": kwargs}


def reference(job: str) -> dict[str, Any]:
    return {TAG: "reference", "job": job, "what": "value"}


@given(JSON_VALUES)
def test_any_json_is_taken(value: Any) -> None:
    assert references_of_call(call(value, named=value)) == []
    check_value(value, "it is")


@pytest.mark.parametrize(
    "value",
    [
        (1, {2}),
        frozenset([3]),
        {4: 5},
        2**70,
        float("nan"),
        1j,
        b"6",
        PurePosixPath("a"),
        FileValue(sha256="ab" * 32, name="run\udcff.txt"),
        ServiceFile(path="~/a"),
    ],
    ids=repr,
)
def test_what_the_codec_makes_is_taken(value: Any) -> None:
    assert references_of_call(call(encode(value, set_hash=None))) == []


def in_one_look_and_in_several(document: Any) -> list[Any]:
    """Return the references of a call, found by `_gather` and without it; or what is said of it."""

    def none_in_one_look(*_: object) -> int:
        raise encoded_call._NotPlainError

    found: list[Any] = []
    for gather in (encoded_call._gather, none_in_one_look):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(encoded_call, "_gather", gather)
            try:
                found.append(references_of_call(document))
            except UsageError as error:
                found.append((error.message, error.hint))
    return found


PLACES = st.sampled_from(
    [
        *(reference(name) for name in ("a", "b")),
        {**reference("c"), "path": [["item", "x"]]},
        {**reference("d"), "what": "file", "name": "f.txt"},
        {**reference("e"), "what": "nothing"},
        {**reference("f"), "job": 3},
        {TAG: "tuple", "items": [reference("g"), 1.5]},
        {TAG: "unknown"},
    ]
)


@given(st.recursive(JSON_VALUES | PLACES, lambda inner: st.lists(inner, max_size=3), max_leaves=9))
def test_one_look_finds_what_several_do(value: Any) -> None:
    one, several = in_one_look_and_in_several(call(value, [value], named=value))
    assert one == several


@pytest.mark.parametrize(
    "document",
    [
        {"args": [nested(MOST_LEVELS), reference("a")], "kwargs": {}},
        {"args": [nested(MOST_LEVELS + 1)], "kwargs": {}},
        {"args": [{"a": nested(MOST_LEVELS - 1)}, {"a": nested(MOST_LEVELS)}]},
        {"args": [1.0, float("nan")], "kwargs": {}},
        {"args": [], "kwargs": {"a": [float("inf")]}},
        {"args": [], "kwargs": {}, TAG: "tuple", "items": []},
        {"args": [], "kwargs": {TAG: 1}},
        {"args": [], "kwargs": {}, "places": [{"file": "a", "line": 1, "source": ["x"]}]},
    ],
    ids=lambda document: str(document)[:40],
)
def test_one_look_ends_where_several_do(document: Any) -> None:
    one, several = in_one_look_and_in_several(document)
    assert one == several


@pytest.mark.parametrize("values", range(20))
def test_one_look_counts_as_several_do(values: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded_call, "MOST_NODES", 20)
    one, several = in_one_look_and_in_several(call([0] * values, {"a": [reference("b")]}))
    assert one == several


def test_references_come_once_in_their_order() -> None:
    found = references_of_call(call(reference("b"), [reference("a"), reference("b")]))
    assert [each.job for each in found] == ["b", "a"]


class TestDepth:
    def test_as_deep_as_documented_is_taken(self) -> None:
        assert references_of_call(call(nested(MOST_LEVELS), named=nested(MOST_LEVELS))) == []
        assert encode(nested(MOST_LEVELS), set_hash=None) == nested(MOST_LEVELS)

    @pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 960, 100_000])
    def test_deeper_is_refused_with_the_limit(self, levels: int) -> None:
        for document in (call(nested(levels)), call(named={"a": nested(levels)})):
            with pytest.raises(UsageError, match=f"nested over {MOST_LEVELS} levels") as caught:
                references_of_call(document)
            assert "park.File(path)" in str(caught.value.hint)
        with pytest.raises(UsageError, match="its result is nested over"):
            check_value(nested(levels), "its result")

    def test_the_job_itself_is_told(self) -> None:
        with pytest.raises(CodecError, match=f"nested over {MOST_LEVELS} levels"):
            encode(nested(MOST_LEVELS + 1), set_hash=None)
        with pytest.raises(CodecError, match=f"nested over {MOST_LEVELS} levels"):
            encode((((nested(MOST_LEVELS - 4),),),), set_hash=None)

    def test_a_level_is_a_list_or_an_object(self) -> None:
        assert not is_too_deep("text", 1)
        assert not is_too_deep([1, {}], 2)
        assert is_too_deep([1, {"a": []}], 2)


def test_data_is_no_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded_call, "MOST_NODES", 100)
    with pytest.raises(UsageError, match="over 100 values") as caught:
        references_of_call(call([0] * 100))
    assert "numpy array" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("node", "why"),
    [
        ({TAG: "file"}, 'a file without "sha256"'),
        ({TAG: "file", "sha256": "ab" * 32}, 'a file without "name"'),
        ({TAG: "file", "sha256": "ab", "name": "a"}, 'the "sha256" of a file cannot be'),
        ({TAG: "file", "sha256": "ab" * 32, "name": "a/b"}, 'the "name" of a file'),
        ({TAG: "file", "sha256": "ab" * 32, "name": "a\ud800"}, 'the "name" of a file'),
        ({TAG: "file", "sha256": "ab" * 32, "name": "a" * 5000}, 'the "name" of a file'),
        ({TAG: "service-file"}, 'a service-file without "path"'),
        ({TAG: "service-file", "path": 3}, 'the "path" of a service-file cannot be a int'),
        ({TAG: "service-file", "path": "~/a\0"}, 'the "path" of a service-file'),
        ({TAG: "tuple"}, 'a tuple without "items"'),
        ({TAG: "dict", "items": [[1]]}, 'the "items" of a dict'),
        ({TAG: "timedelta", "days": 1.5, "seconds": 0, "microseconds": 0}, 'the "days"'),
        ({TAG: "pickle", "base64": "", "type": "a.B"}, 'a pickle without "set_hash"'),
        ({TAG: "soul"}, "unknown kind 'soul'"),
        ({TAG: ["file"]}, "unknown kind a list"),
        ({TAG: "reference", "job": "a"}, "not a reference"),
        ({TAG: "reference", "job": "\ud800", "what": "value"}, "not a reference"),
        ({TAG: "reference", "job": "a", "what": "value", "path": [["item", 0]] * 65}, "64 steps"),
    ],
    ids=repr,
)
def test_a_node_without_what_its_kind_has_is_refused(node: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError) as caught:
        references_of_call(call({"deep": [node]}))
    assert why in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_has_not_is_refused(number: float) -> None:
    for document in (call(number), call([1.0, number]), call(a={"b": number})):
        with pytest.raises(UsageError, match="a number that JSON has not"):
            references_of_call(document)


@pytest.mark.parametrize("document", [[], {"args": {}}, {"args": 5}, {"kwargs": []}], ids=repr)
def test_a_call_is_arguments(document: Any) -> None:
    with pytest.raises(UsageError):
        references_of_call(document)


class TestFunctions:
    """A function that travels by value, and where its code was written."""

    FUNCTION: ClassVar[dict[str, Any]] = {
        TAG: "function",
        "type": "__main__:fit",
        "set_hash": "?",
        "sha256": "ab" * 32,
        "modules": ["numpy.linalg"],
        "value": {TAG: "bytes", "base64": ""},
    }
    PLACE: ClassVar[dict[str, Any]] = {"file": "fit.py", "line": 3, "source": ["def fit():\n"]}

    def test_one_is_taken_in_the_call_or_as_a_file(self) -> None:
        file = {TAG: "file", "sha256": "ab" * 32, "name": "function.pickle"}
        for function in (self.FUNCTION, self.FUNCTION | {"value": file}):
            document = {**call(), "function": function, "places": [self.PLACE]}
            assert references_of_call(document) == []

    @pytest.mark.parametrize(
        "change",
        [
            {"modules": ["os; import sys"]},
            {"modules": "numpy"},
            {"modules": ["a"] * 1001},
            {"sha256": "ab"},
            {"value": {TAG: "pickle", "base64": "", "set_hash": "?", "type": "x"}},
        ],
        ids=["code", "text", "many", "digest", "body"],
    )
    def test_what_no_job_could_read_is_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(UsageError, match="of a function cannot be"):
            references_of_call({**call(), "function": self.FUNCTION | change})

    def test_anything_else_in_their_place_is_refused(self) -> None:
        with pytest.raises(UsageError, match='"function" of a call is a function'):
            references_of_call({**call(), "function": {TAG: "bytes", "base64": ""}})
        for place in ({"file": "x"}, self.PLACE | {"line": -1}, self.PLACE | {"source": [1]}):
            with pytest.raises(UsageError, match='"places" of a call'):
                references_of_call({**call(), "places": [place]})
