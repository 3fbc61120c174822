"""What a job made comes back where nothing has a name for it."""

from __future__ import annotations

import dataclasses
import enum
import pickle
import sys
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

from park.runtime.by_value import namespaces, rebuild
from park.runtime.by_value.returned import pickled_by_value

STEP = 2


def made() -> dict[str, Any]:
    """Return what a job may make: nothing of it has a name outside."""

    @dataclasses.dataclass
    class Layer:
        d: float
        kind: Any = None

        def doubled(self) -> Layer:
            return Layer(2 * self.d, self.kind)

    class Kind(enum.Enum):
        FILM = 1

    class Failed(Exception):
        pass

    def factorial(n: int) -> int:
        return 1 if n < STEP else n * factorial(n - 1)

    return {
        "layer": Layer(1.5, Kind.FILM),
        "factorial": factorial,
        "failed": Failed("x"),
        "table": MappingProxyType({"a": 1}),
        "module": dataclasses,
    }


def test_functions_and_classes_that_were_made_in_a_job_come_back() -> None:
    back = rebuild.loads(pickled_by_value(made()))
    layer = back["layer"].doubled()
    assert (repr(layer), type(layer) is type(back["layer"])) == (
        repr(made()["layer"].doubled()),
        True,
    )
    assert back["factorial"](5) == 120
    assert back["factorial"].__globals__ is globals(), "those of the module that is here"
    assert str(back["failed"]) == "x"
    assert (back["table"], back["module"]) == (MappingProxyType({"a": 1}), dataclasses)


def test_each_result_has_classes_of_its_own_and_always_the_same() -> None:
    first, second = (pickled_by_value(made()["layer"]) for _ in range(2))
    kinds = [type(rebuild.loads(data)) for data in (first, second, first)]
    assert kinds[0] is kinds[2]
    assert kinds[0] is not kinds[1]


def test_functions_of_a_script_come_back_into_its_own_globals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    main = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    exec("def make(n):\n    return lambda x: x + n + STEP\nSTEP = 10", vars(main))  # noqa: S102 (a script)
    data = pickled_by_value(main.make(1))
    main.STEP = 20  # type: ignore[attr-defined]
    back = rebuild.loads(data)
    assert back.__globals__ is vars(main)
    assert back(1) == 22
    monkeypatch.setattr(namespaces, "_IS_IN_JOB", True)
    monkeypatch.setattr(namespaces, "_made", {})
    assert rebuild.loads(data)(1) == 12, "in another job it brings what it refers to"


def test_the_pickle_names_this_package_as_a_client_has_it() -> None:
    assert b"park.runtime.by_value." in pickled_by_value(lambda: 1)


def test_a_module_that_a_job_made_is_nowhere_else() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickled_by_value(Stranger())


class Stranger:
    """Names a module that nobody else has."""

    def __reduce__(self) -> str:
        return "stranger"

    __module__ = "made_in_a_job"


sys.modules["made_in_a_job"] = ModuleType("made_in_a_job")
