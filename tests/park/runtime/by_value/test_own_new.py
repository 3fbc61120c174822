"""Which objects `pickle` would make again by another call than their class takes."""

from __future__ import annotations

import enum
from collections import namedtuple
from collections.abc import Sized
from decimal import Decimal
from typing import Any, NamedTuple, Self

import pytest

from park.runtime.by_value.own_new import made_by_a_base


class Text(str):
    """Has a number besides."""

    __slots__ = ("number",)
    number: int

    def __new__(cls, text: str, number: int = 0) -> Self:
        made = super().__new__(cls, text)
        made.number = number
        return made


class Pair(NamedTuple):
    """Is made as it says itself."""

    a: int
    b: int


class OfOne(namedtuple("OfOne", "a b")):  # noqa: PYI024 (as in older scripts)
    """Takes one argument, and has two parts."""

    __slots__ = ()

    def __new__(cls, both: tuple[int, int]) -> Self:
        return super().__new__(cls, *both)


class Colour(enum.Enum):
    """Has a metaclass."""

    RED = 1


class Only:
    """There is one."""

    one: Any = None

    def __new__(cls) -> Any:
        if cls.one is None:
            cls.one = super().__new__(cls)
        return cls.one


class Asks(dict[str, int]):
    """Asks for a name."""

    def __new__(cls, *, name: str) -> Self:
        del name
        return super().__new__(cls)

    def __init__(self, *, name: str) -> None:
        super().__init__({name: 1})


class Says(Text):
    """Says itself what it takes."""

    __slots__ = ()

    def __getnewargs__(self) -> Any:
        return str(self), self.number

    def __new__(cls, text: str, number: int = 0) -> Self:
        return super().__new__(cls, text, number)


class Moment:
    """Says what a subclass takes, and takes nothing itself, as the base of astropy's `Time`."""

    value: int

    def __getnewargs__(self) -> tuple[int]:
        return (self.value,)


class Time(Moment):
    """Takes it."""

    def __new__(cls, value: int) -> Self:
        made = super().__new__(cls)
        made.value = value
        return made


@pytest.mark.parametrize(
    ("value", "base"),
    [
        (Time(3), None),
        (Text("a", 3), str),
        (OfOne((1, 2)), OfOne.__mro__[1]),
        (Asks(name="a"), dict),
        (Pair(1, 2), None),
        (Only(), None),
        (Says("a", 3), None),
        (Decimal(1), None),
        (1.5, None),
        (None, None),
    ],
    ids=["time", "text", "pair", "asks", "named", "one", "says", "decimal", "number", "none"],
)
def test_a_base_makes_what_its_class_would_make_of_something_else(
    value: Any, base: type | None
) -> None:
    found = made_by_a_base(value)
    assert (found and found[0]) == base


@pytest.mark.parametrize("cls", [Pair, Colour, Sized, int], ids=lambda cls: cls.__name__)
def test_a_class_is_made_by_nothing(cls: type) -> None:
    """Those of enums and of abstract classes are made by a metaclass with one of its own."""
    assert made_by_a_base(cls) is None
