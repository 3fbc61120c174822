"""What a job finds by its name, and what annotations name."""

from __future__ import annotations

import builtins
import json
import sys
from types import ModuleType

import packaging.version
import pytest

from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.runtime.by_value.lookups import (
    annotations_of,
    is_added,
    is_found,
    named_in_annotations,
    public_name,
)


def test_only_what_is_the_same_object_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    sending = Sending(ModuleWays())
    assert is_found(sending, json.dumps)
    assert is_found(sending, packaging.version.Version)
    assert list(sending.modules) == ["packaging.version"]

    def dumps() -> None: ...

    dumps.__module__, dumps.__qualname__ = "json", "dumps"
    assert not is_found(sending, dumps)
    main = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    dumps.__module__ = "__main__"
    main.dumps = dumps  # type: ignore[attr-defined]
    assert not is_found(sending, dumps), "no job has this __main__"
    assert public_name(dumps) == "dumps"


def test_texts_of_annotations_name_types_and_modules() -> None:
    there = {"Layer": int, "np": json, "SCALE": 2.0}
    found = named_in_annotations({"x": "list[Layer | np.ndarray]", "y": "SCALE", "z": int}, there)
    assert found == {"Layer": int, "np": json}


def test_asking_a_class_for_annotations_leaves_it_as_it_was() -> None:
    class Plain:
        pass

    before = set(vars(Plain))
    assert annotations_of(Plain) == {}
    assert set(vars(Plain)) == before


def test_a_builtin_of_this_session_alone_is_one_that_its_library_has_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(builtins, "display", packaging.version.parse, raising=False)
    monkeypatch.setattr(builtins, "shown", 3, raising=False)
    names = ["display", "shown", "print", "open", "exit", "ValueError", "__import__", "nowhere"]
    assert [name for name in names if is_added(name)] == ["display"]
