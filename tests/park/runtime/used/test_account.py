from __future__ import annotations

import mmap
import os
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from park.runtime.used import account
from park.runtime.used.notes import Notes, Surroundings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

HERE = Surroundings(environment="/env/", ignored=("/job/",), private=())


def test_modules_are_noted_from_the_newest_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    last = next(reversed(sys.modules))
    files = {"model_of_park": "/env/model.py", "own_of_park": "/job/own.py"}
    for name, file in files.items():
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__file__ = file
    sys.modules["space_of_park"] = ModuleType("space_of_park")
    sys.modules["space_of_park"].__path__ = ["/env/space"]
    notes = Notes()
    account.note_modules(notes, HERE, last)
    assert (notes.read, notes.spread) == ({"/env/model.py"}, {"/env/space"})
    everything = Notes()
    account.note_modules(everything, HERE)
    assert "/env/model.py" in everything.read
    assert account.__file__ in everything.read


def test_a_module_is_not_asked_for_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lazy(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise AssertionError(name)

    monkeypatch.setitem(sys.modules, "lazy_of_park", Lazy("lazy_of_park"))
    account.note_modules(Notes(), HERE)


def test_what_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "a file"
    path.write_bytes(b"x" * 4096)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ):
        assert os.fsencode(path) in account.mapped_files()
    assert os.fsencode(path) not in account.mapped_files()


_LOADS = """
import sys
from park.runtime.used.account import library_pages
before = library_pages()
assert before
import _sqlite3
assert library_pages() != before
"""


def test_one_more_library_shows() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_variables_of_c(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in account.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    assert account.variables() == {"TZ": "UTC"}


_CHILDREN = """
import os, subprocess
from park.runtime.used.account import children
before = children()
assert before[1] is False
subprocess.run(["true"], check=True)
after = children()
assert after[0] > before[0] and after[1] is False
pid = os.fork()
if pid == 0:
    os._exit(0)
assert children()[1] is True
"""


def test_children_show() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CHILDREN], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
