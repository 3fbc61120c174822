"""The key of a call: equal for equal calls, another for any other."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from support.material.json_values import JSON_VALUES

from park.model.memo.call_key import call_key, canonical, digest_of, part_digest, shape_of
from park.model.references import Reference, Step, What
from park.runtime.codec import encode


def shape(*args: Any, **kwargs: Any) -> str:
    call = {
        "args": [encode(each, set_hash="set") for each in args],
        "kwargs": {name: encode(each, set_hash="set") for name, each in kwargs.items()},
    }
    return shape_of("m:f", call).digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        (0.1 + 0.2, 0.3),
        (1.0000000000000002, 1.0),
        (math.nan, math.inf),
        ("1", 1),
        ([1], (1,)),
        ({1}, frozenset({1})),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 2}),
        (b"a", "a"),
        (None, "None"),
        ([[1], 2], [[1, 2]]),
    ],
    ids=repr,
)
def test_what_differs_in_value_kind_or_order_is_another_call(one: Any, other: Any) -> None:
    assert shape(one) != shape(other)
    assert shape(x=one) != shape(x=other)


def test_sets_and_dicts_are_in_no_order() -> None:
    one = {"$park": "set", "items": ["a", {"$park": "frozenset", "items": [1, 2]}, "b"]}
    other = {"$park": "set", "items": ["b", "a", {"$park": "frozenset", "items": [2, 1]}]}
    assert digest_of(one) == digest_of(other)
    assert shape({"a": 1, "b": 2}) == shape({"b": 2, "a": 1})
    assert shape({1: "a", 2: "b"}) == shape({2: "b", 1: "a"})
    assert shape(a=1, b=2) == shape(b=2, a=1)
    assert math.isnan(math.nan)
    assert shape(math.nan) == shape(math.nan)


def test_arrays_are_known_by_dtype_shape_order_and_bytes() -> None:
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(6.0).reshape(2, 3)
    others = [
        array.astype("float32"),
        array.reshape(3, 2),
        numpy.asfortranarray(array),
        array.astype(">f8"),
        array + numpy.array([0, 0, 1e-15]),
    ]
    assert len({shape(each) for each in [array, array.copy(), *others]}) == 1 + len(others)


def test_what_a_pickle_was_made_under_is_not_of_its_value() -> None:
    def pickled(set_hash: str, data: str = "AAAA") -> dict[str, Any]:
        return {"$park": "pickle", "base64": data, "set_hash": set_hash, "type": "m:T", "repr": "T"}

    assert digest_of(pickled("one")) == digest_of(pickled("other"))
    assert digest_of(pickled("one")) != digest_of(pickled("one", "AAAB"))


def test_a_function_is_known_by_its_body_whatever_its_sender_says() -> None:
    def call(body: str, sha256: str) -> dict[str, Any]:
        value = {"$park": "bytes", "base64": body}
        function = {"$park": "function", "type": "f", "sha256": sha256, "modules": []}
        return {"args": [], "function": function | {"set_hash": "s", "value": value}}

    assert shape_of("m:f", call("AAAA", "aa")) == shape_of("m:f", call("AAAA", "bb"))
    assert shape_of("m:f", call("AAAA", "aa")) != shape_of("m:f", call("AAAB", "aa"))


def test_references_count_as_what_they_became() -> None:
    def made(*jobs: str) -> Any:
        references = [Reference(job=job, what=What.VALUE).as_json() for job in jobs]
        return shape_of("m:f", {"args": references})

    assert made("a", "b").digest == made("c", "d").digest
    assert made("a", "a").digest != made("a", "b").digest
    one, two = made("a", "b"), made("c", "d")
    keys = {
        call_key(each, owner=owner, values=values, files={})
        for each, owner, values in [
            (one, "me", ["x", "y"]),
            (two, "me", ["x", "y"]),
            (one, "me", ["y", "x"]),
            (one, "you", ["x", "y"]),
        ]
    }
    assert len(keys) == 3


def test_files_on_the_service_count_by_content_and_the_output_by_name() -> None:
    def named(path: str) -> dict[str, Any]:
        return {"$park": "service-file", "path": path}

    call = {"kwargs": {"infile": named("~/in"), "outfile": named("~/out")}}
    found = shape_of("m:f", call)
    assert (found.files, found.output) == (("~/in",), "~/out")
    keys = {call_key(found, owner="", values=[], files={"~/in": each}) for each in ("aa", "bb")}
    assert len(keys) == 2
    other = {"kwargs": {"infile": named("~/in"), "outfile": named("~/other")}}
    assert shape_of("m:f", other).digest != found.digest


def test_a_part_is_known_by_itself_where_it_can_be_found() -> None:
    one = {"chisq": 1.0, "seconds": 3, "pair": {"$park": "tuple", "items": [1, [2]]}}
    other = {**one, "seconds": 4}
    path: tuple[Step, ...] = (("item", "chisq"),)
    assert part_digest(one, path) == part_digest(other, path) == digest_of(1.0)
    assert part_digest(one, (("item", "pair"), ("item", 1))) == digest_of([2])
    inner: tuple[Step, ...] = (*path, ("attribute", "real"))
    assert part_digest(one, inner) == part_digest(other, inner) != digest_of(1.0)
    assert part_digest(one, (("item", "no"),)) != part_digest(other, (("item", "no"),))


@given(JSON_VALUES)
def test_the_canonical_text_is_stable(value: Any) -> None:
    document = encode(value, set_hash=None)
    assert canonical(document) == canonical(encode(value, set_hash=None))
