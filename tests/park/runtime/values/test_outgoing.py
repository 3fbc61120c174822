"""What leaves a job is pickled by name, else by value."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, Self

import pytest

from park.runtime.by_value import rebuild
from park.runtime.values.outgoing import pickled
from park.runtime.values.unpicklable import Unpicklable


class OutOfRange(Exception):
    """Takes what its message is made of."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__(f"not within {low} and {high}")


def held() -> Any:
    lock = threading.Lock()
    return lambda: lock


def test_what_has_a_name_is_pickled_as_ever() -> None:
    value = {"d": Decimal("1.5"), "e": ValueError("x"), "classes": [HTTPStatus, Mapping]}
    assert pickled(value) == pickle.dumps(value, protocol=5)


def test_what_has_none_is_pickled_by_value() -> None:
    step = 3
    assert rebuild.loads(pickled({"grow": lambda n: n + step}))["grow"](1) == 4


def test_an_error_is_made_again_with_its_message() -> None:
    assert str(rebuild.loads(pickled([OutOfRange(1, 2)]))[0]) == "not within 1 and 2"


def test_what_is_nested_deep_is_pickled() -> None:
    value: Any = 1
    for _ in range(3000):
        value = {"inside": value}
    assert pickle.loads(pickled(value))["inside"]  # noqa: S301 (made above)


class Unit(float):
    """A number that is made of another one: of electron volts, in joules."""

    def __new__(cls, volts: float) -> Self:
        return super().__new__(cls, volts * 1.6e-19)


class Strict:
    """Has a way of its own into being."""

    def __new__(cls, size: int, *, kind: str) -> Self:
        del size, kind
        return super().__new__(cls)

    def __init__(self, size: int, *, kind: str) -> None:
        self.size, self.kind = size, kind


def test_what_its_own_class_would_make_otherwise_is_what_it_was() -> None:
    unit, strict = rebuild.loads(pickled([Unit(2.0), Strict(3, kind="a")]))
    assert (type(unit), unit) == (Unit, Unit(2.0))
    assert (strict.size, strict.kind) == (3, "a")


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (threading.Lock(), ()),
        (held(), ("lock",)),
        (SimpleNamespace(parts=[1, {"guard": threading.Lock()}]), ("parts", "[1]", "guard")),
    ],
    ids=["itself", "closure", "parts"],
)
def test_what_cannot_leave_at_all_is_told_in_the_words_of_pickle_with_the_way_to_it(
    value: Any, names: tuple[str, ...]
) -> None:
    with pytest.raises(Unpicklable, match=r"cannot pickle '_thread\.lock' object") as told:
        pickled(value)
    assert told.value.names == names
    assert type(told.value.culprit) is type(threading.Lock())
