"""Modules that travel as their source."""

from __future__ import annotations

import importlib
import inspect
import sys

import pytest

from park.runtime.by_value.sources import SOURCES, importable


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SOURCES, "_known", {})
    monkeypatch.setattr(sys, "meta_path", [each for each in sys.meta_path if each is not SOURCES])


def test_they_are_imported_as_ever() -> None:
    importable(
        {
            "travelled": {"file": "/h/travelled/__init__.py", "text": "", "package": True},
            "travelled.part": {
                "file": "/h/travelled/part.py",
                "text": "from __future__ import annotations\ndef f():\n    return __name__\n",
                "package": False,
            },
        }
    )
    part = importlib.import_module("travelled.part")
    assert part.f() == "travelled.part"
    assert part.__file__ == "/h/travelled/part.py"
    assert inspect.getsource(part).startswith("from __future__")
    assert sys.modules["travelled"].__path__ == []
    for name in ("travelled", "travelled.part"):
        del sys.modules[name]


def test_what_the_environment_has_comes_first() -> None:
    importable({"json": {"file": "/h/json.py", "text": "A = 1\n", "package": False}})
    assert not hasattr(importlib.import_module("json"), "A")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("module_that_nobody_sent")
