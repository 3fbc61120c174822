"""The names that lead to what cannot be pickled."""

from __future__ import annotations

import functools
import threading
from types import SimpleNamespace
from typing import Any

from park.runtime.by_value.returned import way_to_what_fails
from park.runtime.by_value.trail import names_on


class Slots:
    """Has no dict."""

    __slots__ = ("guard", "nothing")

    def __init__(self, guard: Any) -> None:
        self.guard = guard


def test_the_way_leads_through_attributes_slots_closures_and_partials() -> None:
    lock = threading.Lock()
    ways: dict[tuple[str, ...], Any] = {
        ("a", "[0]"): SimpleNamespace(a=[lock]),
        ("guard",): Slots(lock),
        ("lock",): lambda: lock,
        ("[1]",): functools.partial(print, 1, lock),
        ("end",): functools.partial(print, end=lock),
    }
    for names, value in ways.items():
        way = way_to_what_fails(value)
        assert way[-1] is lock
        assert tuple(names_on(way)) == names


class Guarded:
    """Has a lock in what its methods refer to, and none of its own."""

    def __init__(self) -> None:
        self.parts = [1]


def test_the_way_leads_through_the_class_of_an_object_whose_code_refers_to_it() -> None:
    lock = threading.Lock()

    def made(member: Any) -> Any:
        return type("Local", (Guarded,), {"run": member})()

    def run(self: Any = None) -> Any:
        return lock, self

    class Kept:
        held = lock

    for member in (run, property(run), classmethod(run), staticmethod(run)):
        way = way_to_what_fails([made(member)])
        assert tuple(names_on(way)) == ("[0]", "Local", "run", "lock"), member
    assert tuple(names_on(way_to_what_fails(Kept()))) == ("Kept", "held")


def test_what_can_be_pickled_has_no_such_way() -> None:
    assert way_to_what_fails([1, "a"]) == []
