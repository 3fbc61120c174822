"""How classes are taken apart; test_pickles makes all of them again."""

from __future__ import annotations

import enum
from typing import Any

import pytest

import park
from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.runtime.by_value import rebuild
from park.runtime.by_value.class_reductions import class_reduced


@pytest.fixture
def sending() -> Sending:
    return Sending(ModuleWays())


class Slotted:
    """A class of a script."""

    __slots__ = ("kept",)

    def method(self) -> int:
        return 1


Slotted.__module__ = "__main__"


def test_what_python_makes_anew_is_left_out(sending: Sending) -> None:
    maker, made, state, _, _, _ = class_reduced(sending, Slotted)
    number, metaclass, name, bases, first = made
    assert (maker, number, metaclass, name, bases) == (
        rebuild.class_,
        0,
        type,
        "Slotted",
        (object,),
    )
    assert set(first) == {"__module__", "__slots__", "__doc__", "__qualname__"}
    assert "method" in state["members"]
    assert not {"kept", "__dict__", "__weakref__"} & set(state["members"])


def test_each_class_has_a_number_that_stays(sending: Sending) -> None:
    class Other:
        pass

    numbers = [class_reduced(sending, each)[1][0] for each in (Slotted, Other, Slotted)]
    assert numbers == [0, 1, 0]


def test_a_job_is_a_plain_class_there(sending: Sending) -> None:
    @park.job
    class Reduction:
        pass

    _, made, state, _, _, _ = class_reduced(sending, Reduction)
    assert made[1] is type
    assert "__park_job__" not in state["members"]


def test_members_of_an_enumeration_come_with_their_attributes(sending: Sending) -> None:
    class Planet(enum.Enum):
        EARTH = (5.9, 6.3)

        def __init__(self, mass: float, radius: float) -> None:
            self.mass, self.radius = mass, radius

        def heavy(self) -> bool:
            return self.mass > 1

    maker, made, state, _, _, _ = class_reduced(sending, Planet)
    assert maker is rebuild.enum
    assert made[4][1] == {"EARTH": (5.9, 6.3)}
    assert state["attributes"] == {"EARTH": {"mass": 5.9, "radius": 6.3}}
    assert "heavy" in state["members"]


def test_builtin_classes_have_names(sending: Sending) -> None:
    values: list[Any] = [int, type(None)]
    assert [class_reduced(sending, each) for each in values] == [NotImplemented] * 2
