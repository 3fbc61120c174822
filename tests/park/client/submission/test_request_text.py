"""Requests as text: extended without being parsed, tagged with a set, cut to size."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.client.submission import request_text
from park.client.submission.request_text import dumps, extended, of_size, with_set_hash
from park.errors import UsageError

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
requests = st.dictionaries(st.text(), values, min_size=1, max_size=4)


@given(requests)
def test_what_is_written_is_read_again(request: dict[str, Any]) -> None:
    assert json.loads(dumps(request)) == request


@given(requests, st.dictionaries(st.sampled_from(["lock_hash", "install", "set_hash"]), values))
def test_a_field_that_is_added_as_text_is_in_the_request(
    request: dict[str, Any], more: dict[str, Any]
) -> None:
    assert json.loads(extended(dumps(request), more)) == {**request, **more}


def pickle(set_hash: str) -> dict[str, Any]:
    return {"$park": "pickle", "base64": "eA==", "set_hash": set_hash, "type": "m.T"}


def test_pickles_are_tagged_wherever_they_stand_in_the_call_and_nothing_else_is() -> None:
    call = {"args": [1, [pickle("?")]], "kwargs": {"a": {"b": pickle("?")}, "set_hash": "mine"}}
    request = {"id": "1", "call": call, "when": pickle("?")}
    tagged = json.loads(with_set_hash(dumps(request), "4483"))
    assert tagged == {
        **request,
        "call": {
            "args": [1, [pickle("4483")]],
            "kwargs": {"a": {"b": pickle("4483")}, "set_hash": "mine"},
        },
    }


def test_a_pickle_without_a_set_is_refused_with_what_would_travel() -> None:
    with pytest.raises(UsageError, match="needs the set that is installed here") as told:
        with_set_hash(dumps({"call": {"args": [pickle("?")], "kwargs": {}}}), None)
    assert "park.File" in str(told.value.hint)


@given(st.lists(st.integers(0, 15), max_size=12))
def test_parts_have_everything_in_order_and_are_as_full_as_they_can_be(sizes: list[int]) -> None:
    most = 10
    pieces = [(number, "x" * size) for number, size in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(request_text, "_BATCH_BYTES", most)
        parts = list(of_size(pieces))
    assert [piece for part in parts for piece in part] == pieces
    lengths = [sum(len(text) for _, text in part) for part in parts]
    for part, length in zip(parts, lengths, strict=True):
        assert length <= most or len(part) == 1  # one that is too large goes alone
    for length, following in zip(lengths, parts[1:], strict=False):
        assert length + len(following[0][1]) > most


def test_a_function_that_travels_by_value_is_tagged_as_well() -> None:
    text = dumps({"call": {"args": [], "function": {"$park": "function", "set_hash": "?"}}})
    found = json.loads(with_set_hash(text, "5" * 64))
    assert found["call"]["function"]["set_hash"] == "5" * 64
