"""What is said of values that cannot be pickled."""

from __future__ import annotations

import io
import re
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from park.runtime.codec import CodecError, encode
from park.runtime.values.outgoing import pickled
from park.runtime.values.unpicklable import names_to


async def waited() -> int:
    return 1


async def counted() -> AsyncIterator[int]:
    yield 1


def local() -> Callable[[], int]:
    return lambda: 1


def opened() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO())


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (int, None),
        ((n for n in range(3)), r"generator cannot be pickled: .*; a list of its items can be"),
        (
            counted(),
            r"async_generator cannot be pickled: .*; a list of its items can be: \[item async",
        ),
        (local(), r"function cannot be pickled: .*; what it computes can be"),
        (threading, r"module cannot be pickled: .*; its name can be"),
        (opened(), r"TextIOWrapper cannot be pickled: .*; its path, or what is in it, can be"),
        (threading.Lock(), r"lock cannot be pickled: [^;]*$"),
        (re.match("a", "a"), r"Match cannot be pickled: .*; what it found can be"),
        (weakref.ref(local), r"ReferenceType cannot be pickled: .*; what it refers to can be"),
        ({"a": [1, (opened(),)]}, r"^a → \[1\] → \[0\]: a value of type _io.TextIOWrapper "),
    ],
    ids=[
        "class",
        "generator",
        "async",
        "function",
        "module",
        "file",
        "lock",
        "match",
        "weak",
        "inside",
    ],
)
def test_what_can_be_instead_is_said(value: Any, said: str | None) -> None:
    if said is None:
        assert encode(value, set_hash="ab")
        return
    with pytest.raises(CodecError, match=said):
        encode(value, set_hash="ab")


def test_a_coroutine_is_to_be_awaited() -> None:
    coroutine = waited()
    with pytest.raises(CodecError, match=r"coroutine cannot be pickled: .*once it is awaited"):
        encode(coroutine, set_hash="ab")
    coroutine.close()


def test_the_way_leads_on_into_what_is_pickled() -> None:
    value = {"fit": SimpleNamespace(model=[opened()])}
    said = r"^fit → model → \[0\]: a value of type _io.TextIOWrapper cannot be .*; its path"
    with pytest.raises(CodecError, match=said):
        encode(value, set_hash="ab", dumps=pickled)


def test_the_names_to_a_part_are_found_where_containers_contain_themselves() -> None:
    part: list[Any] = []
    whole: dict[str, Any] = {"a": (0, part)}
    whole["self"] = whole
    assert names_to(part, whole) == ("a", "[1]")
    assert names_to(object(), whole) == ()
