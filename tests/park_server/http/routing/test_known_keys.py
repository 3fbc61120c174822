"""Which keys of a request nobody knows, wherever in it they stand; and of whom that is a slip."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from fastapi import Body
from fastapi.exceptions import RequestValidationError
from pydantic import SkipValidation

from park.wire.api_version import HEADER, HERE
from park_server.http.routing.known_keys import (
    is_of_this_release,
    record_in,
    require_known_keys,
)


@dataclass(frozen=True)
class Inner:
    size: int = 0


@dataclass(frozen=True)
class Outer:
    name: str
    free: dict[str, Any] = field(default_factory=dict)
    one: Inner | None = None
    many: list[Inner] = field(default_factory=list)


def refusal(document: Any) -> dict[str, Any] | None:
    try:
        require_known_keys(Outer, document)
    except RequestValidationError as error:
        return dict(error.errors()[0])
    return None


@pytest.mark.parametrize(
    "document",
    [
        {"name": "a", "one": {"size": 1}, "many": [{"size": 2}]},
        {"free": {"whatever": {"is": "in it"}}},
        [{"name": "a"}, {}],
        {"one": None, "many": None},
        {"one": 3, "many": {"size": 1}},
        "no record",
        None,
        [[{"name": "a"}], 3],
    ],
)
def test_what_is_known_or_free_passes(document: Any) -> None:
    assert refusal(document) is None


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"nmae": "a"}, ("nmae",)),
        ([{"name": "a"}, {"name": "b", "x": 1}], (1, "x")),
        ({"one": {"sise": 1}}, ("one", "sise")),
        ({"many": [{}, {"sise": 1}]}, ("many", 1, "sise")),
        ({"x" * 1_000: 1}, ("x" * 60 + "…",)),
    ],
)
def test_a_key_that_nobody_knows_is_named_with_its_place(document: Any, place: Any) -> None:
    found = refusal(document)
    assert found is not None
    assert found["loc"] == ("body", *place)
    assert "no such key" in found["msg"]


def test_of_a_record_the_keys_that_it_has_are_told() -> None:
    found = refusal({"nmae": "a"})
    assert found is not None
    assert found["msg"] == "no such key; known are free, many, name, one"


async def takes_one(request: str, body: Outer) -> Inner:
    raise NotImplementedError(request, body)


async def takes_many(body: Annotated[list[SkipValidation[Outer]], Body()]) -> None: ...


async def takes_none(name: str, size: int | None = None) -> Outer:
    raise NotImplementedError(name, size)


@pytest.mark.parametrize(
    ("endpoint", "kind"), [(takes_one, Outer), (takes_many, Outer), (takes_none, None)]
)
def test_the_record_of_a_route_is_that_of_its_body(endpoint: Any, kind: Any) -> None:
    assert record_in(endpoint) is kind


@pytest.mark.parametrize(
    ("spoken", "is_ours"),
    [
        (None, True),
        (str(HERE), True),
        (f"{HERE.newest}; oldest=1; release=99.1", False),
        ("whatever", True),
    ],
)
def test_what_another_release_says_is_no_slip(spoken: str | None, *, is_ours: bool) -> None:
    headers = [] if spoken is None else [(HEADER.lower().encode(), spoken.encode())]
    assert is_of_this_release({"type": "http", "headers": headers}) is is_ours
