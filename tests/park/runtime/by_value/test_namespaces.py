"""The globals of functions that travelled by value."""

from __future__ import annotations

import json
import sys

from park.runtime.by_value.namespaces import BARE, IMPORTED, MADE, globals_of, publish


def test_those_of_a_module_that_is_there_are_its_own() -> None:
    assert globals_of(IMPORTED, "json") is vars(json)


def test_a_module_is_made_once_and_is_found_by_its_name() -> None:
    made = globals_of(MADE, "made_for_this_test")
    assert made is globals_of(MADE, "made_for_this_test")
    assert vars(sys.modules.pop("made_for_this_test")) is made
    assert "__builtins__" in made


def test_those_of_no_module_are_nobody_elses() -> None:
    assert globals_of(BARE, "0") is not globals_of(BARE, "1")
    assert globals_of(BARE, "0") is globals_of(BARE, "0")


def test_what_is_published_is_found_and_takes_no_place() -> None:
    made = globals_of(MADE, "published_in_this_test")
    publish(1, "published_in_this_test", "name")
    publish(2, "published_in_this_test", "name")
    publish(3, "json", "no_such_name")
    del sys.modules["published_in_this_test"]
    assert made["name"] == 1
    assert not hasattr(json, "no_such_name")
