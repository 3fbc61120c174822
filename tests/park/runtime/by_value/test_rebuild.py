"""What pickles of something by value call; test_pickles has all kinds of values."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import pytest

from park.runtime.by_value import rebuild
from park.runtime.by_value.code import packed
from park.runtime.by_value.namespaces import BARE


@pytest.fixture(autouse=True)
def another_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "_classes", {})


def made(text: str, *, closure: Any = None) -> Any:
    namespace: dict[str, Any] = {}
    exec(text, namespace)  # noqa: S102 (a function of a script)
    code = rebuild.code(packed(namespace["f"].__code__), 99)
    names = ("f", "Outer.f", "somewhere", "What it does.")
    return rebuild.function(BARE, text, code, names, closure)


def test_a_function_gets_what_it_refers_to_and_keeps_what_is_there() -> None:
    one = made("def f(x=1, *, y=2):\n    return base + x + y\n")
    assert (one.__qualname__, one.__module__, one.__doc__) == (
        "Outer.f",
        "somewhere",
        "What it does.",
    )
    state = {"globals": {"base": 10}, "defaults": (3,), "kwdefaults": {"y": 4}, "dict": {"kept": 5}}
    rebuild.fill_function(one, dict(state))
    assert (one(), one.kept) == (17, 5)
    rebuild.fill_function(one, {"globals": {"base": 20}, "imports": ["json"]})
    assert one() == 17


def test_a_class_is_one_for_all_pickles_of_a_call() -> None:
    first = rebuild.class_(0, type, "A", (), {"__module__": "m", "__qualname__": "A"})
    assert rebuild.class_(0, type, "A", (), {}) is first
    assert rebuild.class_(1, type, "A", (), {}) is not first
    rebuild.fill_class(first, {"members": {"x": 1}, "published": None})
    assert (first.x, first.__module__) == (1, "m")  # type: ignore[attr-defined]


def test_a_base_that_travelled_does_not_hear_of_its_classes_again() -> None:
    heard: list[str] = []
    base: Any = rebuild.class_(0, type, "Base", (), {})
    hook = classmethod(lambda cls, *, key: heard.append(f"{key}{cls}"))
    rebuild.fill_class(base, {"members": {"__init_subclass__": hook}, "published": None})
    child = rebuild.class_(1, type, "Child", (base,), {})
    assert (child.__bases__, heard) == ((base,), [])


def test_names_of_the_client_are_found_in_the_machinery_of_a_job() -> None:
    data = pickle.dumps(rebuild.stream, protocol=5)
    assert b"park.runtime.by_value.rebuild" in data
    assert rebuild.loads(data) is rebuild.stream
    assert rebuild.stream("stdout") is sys.stdout
    assert rebuild.attribute("json", "dumps") is rebuild.module("json").dumps
