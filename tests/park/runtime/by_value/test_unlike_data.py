"""Views and errors, taken apart and made again."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
from collections import OrderedDict
from typing import Any, Self

import pytest

from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.pickles import pickled
from park.client.by_value.sending import Sending
from park.runtime.by_value import rebuild
from park.runtime.by_value.unlike_data import VIEWS, exception_reduced, made_otherwise


class OutOfRange(Exception):
    """Takes what its message is made of."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__(f"not within {low} and {high}")
        self.low = low


class Strict(Exception):
    """Has a way of its own into being."""

    def __new__(cls, *, code: int) -> Self:
        made = super().__new__(cls)
        made.code = code
        return made

    code: int

    def __init__(self, *, code: int) -> None:
        super().__init__("strict", code)


class Careful(OutOfRange):
    """Says itself how it is made again."""

    def __reduce__(self) -> Any:
        return Careful, (self.low, 0)


def again(value: object) -> Any:
    return rebuild.loads(pickled(value, Sending(ModuleWays()), name="value"))


def test_an_error_comes_back_with_its_message_whatever_its_class_takes() -> None:
    error = OutOfRange(1, 2)
    error.add_note("of the run")
    back = again(error)
    assert (type(back), str(back), back.low) == (OutOfRange, "not within 1 and 2", 1)
    assert back.__notes__ == ["of the run"]
    strict = again(Strict(code=3))
    assert (strict.args, strict.code) == (("strict", 3), 3)
    group = again(ExceptionGroup("several", [OutOfRange(1, 2), ValueError("x")]))
    assert [str(each) for each in group.exceptions] == ["not within 1 and 2", "x"]


def test_what_says_itself_how_it_is_made_again_is_left_to_that() -> None:
    for error in (Careful(1, 2), ValueError("x"), OSError(2, "none", "file")):
        assert exception_reduced(error) is NotImplemented
        assert str(again(error)) == str(again(again(error)))


@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_views_of_dicts_come_back_as_views(kind: Any) -> None:
    table = kind({"b": 1, "a": 2})
    for view in (table.keys(), table.values(), table.items()):
        back = again(view)
        assert (type(back), list(back)) == (type(view), list(view))


def test_views_of_memory_come_back_with_format_and_shape() -> None:
    words = memoryview(bytearray(24)).cast("i", [2, 3])
    back = again(words)
    assert (back.format, back.shape, back.readonly) == ("i", (2, 3), False)
    assert again(memoryview(b"abc")) == b"abc"
    assert again(memoryview(b"abc")).readonly
    assert again(memoryview(b"abcdef")[::2]).tobytes() == b"ace"


def test_memory_of_a_format_that_python_cannot_cast_is_refused() -> None:
    class Odd:
        readonly, shape, format = True, (1,), ">i"

        def tobytes(self) -> bytes:
            return b"abcd"

    with pytest.raises(pickle.PicklingError, match="of the format '>i'"):
        VIEWS[memoryview](Odd())
    assert VIEWS[memoryview](io.BytesIO(b"a").getbuffer())


def test_a_record_of_the_interpreter_comes_back_with_its_parts() -> None:
    for record in (sys.version_info, sys.float_info, sys.flags):
        back = again(record)
        assert back == record
        assert back._fields == record.__match_args__
    assert again(sys.version_info) >= (3, 11)
    assert made_otherwise(os.stat(".")) is NotImplemented  # noqa: PTH116 (a record with a name)


def test_a_layout_of_bytes_comes_back() -> None:
    assert again(struct.Struct("<id")).size == 12


class Joules(float):
    """Is made of electron volts."""

    def __new__(cls, volts: float, unit: str) -> Self:
        made = super().__new__(cls, volts * 2)
        made.unit = unit
        return made

    unit: str


def test_what_its_class_would_make_otherwise_is_what_it_was() -> None:
    back = again({"energy": Joules(1.5, "J")})["energy"]
    assert (type(back), float(back), back.unit) == (Joules, 3.0, "J")
    assert made_otherwise(2.0) is NotImplemented
