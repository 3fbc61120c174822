"""What is said of values that cannot be pickled."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import pytest

from park.runtime.codec import CodecError, encode


async def waited() -> int:
    return 1


def local() -> Callable[[], int]:
    return lambda: 1


def opened() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO())


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (int, None),
        ((n for n in range(3)), r"generator cannot be pickled: .*; a list of its items can be"),
        (local(), r"function cannot be pickled: .*; what it computes can be"),
        (threading, r"module cannot be pickled: .*; its name can be"),
        (opened(), r"TextIOWrapper cannot be pickled: .*; its path, or what is in it, can be"),
        (threading.Lock(), r"lock cannot be pickled: [^;]*$"),
    ],
    ids=["class", "generator", "function", "module", "file", "lock"],
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
