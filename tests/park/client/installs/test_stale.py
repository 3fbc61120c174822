"""A session that has gone stale: told by module, once for each change."""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import subprocess
import sys
import types
import zipfile
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from park.client.installs import stale
from park.client.installs.stale import StaleModules

Write = Callable[[str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the module ``edited_here``, as an editor does it, later each time."""
    folder = tmp_path.resolve()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "edited_here", raising=False)
    file = folder / "edited_here.py"

    def write(text: str) -> None:
        before = file.stat().st_mtime_ns if file.exists() else 0
        file.write_text(text)
        later = max(file.stat().st_mtime_ns, before + 2 * 10**9)
        os.utime(file, ns=(later, later))
        importlib.invalidate_caches()

    return write


def names(known: StaleModules, folder: Path) -> list[str]:
    return [each.shown for each in known.stale([folder])]


def test_an_edit_is_told_once_and_the_next_again(write: Write, tmp_path: Path) -> None:
    write("A = 1\n")
    importlib.import_module("edited_here")
    known = StaleModules()
    assert names(known, tmp_path) == []
    write("A = 22\n")
    found = known.stale([tmp_path])
    assert [each.name for each in found] == ["edited_here"]
    assert "edited_here.py was edited (at " in str(found[0])
    assert "the service runs the edited one; reload it" in str(found[0])
    assert known.untold(found) == found
    assert known.untold(known.stale([tmp_path])) == []
    write("A = 333\n")
    assert len(known.untold(known.stale([tmp_path]))) == 1


def test_a_reload_clears_it(write: Write, tmp_path: Path) -> None:
    write("A = 1\n")
    module = importlib.import_module("edited_here")
    known = StaleModules()
    known.stale([tmp_path])
    write("A = 22\n")
    assert names(known, tmp_path) == ["edited_here.py"]
    importlib.reload(module)
    assert names(known, tmp_path) == []


def test_an_edit_that_was_undone_is_none(write: Write, tmp_path: Path) -> None:
    write("A = 1\n")
    importlib.import_module("edited_here")
    known = StaleModules()
    assert names(known, tmp_path) == []
    write("A = 22\n")
    assert names(known, tmp_path) == ["edited_here.py"]
    write("A = 1\n")
    assert names(known, tmp_path) == []


def test_a_file_that_was_written_anew_as_it_was_before_anybody_looked_is_not_stale(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stale, "_STARTED_NS", 0)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    write("A = 1\n")
    importlib.import_module("edited_here")
    write("A = 1\n")
    assert names(StaleModules(), tmp_path) == []


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "unseen"])
def test_a_file_that_is_gone_is_told_once(write: Write, tmp_path: Path, *, seen: bool) -> None:
    write("A = 1\n")
    importlib.import_module("edited_here")
    known = StaleModules()
    if seen:
        assert names(known, tmp_path) == []
    (tmp_path / "edited_here.py").unlink()
    found = known.stale([tmp_path])
    assert "\n".join(map(str, found)) == (
        "edited_here.py was deleted after it was imported here: the service does not have it; "
        "begin a new session"
    )
    assert known.untold(found) == found
    assert known.untold(known.stale([tmp_path])) == []


def test_a_module_of_a_zip_file_was_not_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "edited_here", raising=False)
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as packed:
        packed.writestr("edited_here.py", "A = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path / "some.zip"))
    importlib.import_module("edited_here")
    assert names(StaleModules(), tmp_path) == []


def test_an_extension_module_is_told_with_what_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tmp_path / f"edited_here{EXTENSION_SUFFIXES[0]}"
    source = tmp_path / "edited_here.c"
    for each in (source, built):
        each.write_bytes(b"")
    spec = importlib.machinery.ModuleSpec("edited_here", None)
    module = types.ModuleType("edited_here")
    module.__file__, module.__spec__ = str(built), spec
    monkeypatch.setitem(sys.modules, "edited_here", module)
    known = StaleModules()
    os.utime(source, ns=(0, built.stat().st_mtime_ns))
    assert known.stale([tmp_path]) == []
    os.utime(source, ns=(0, built.stat().st_mtime_ns + 10**9))
    (edited,) = known.stale([tmp_path])
    assert str(edited).startswith("edited_here.c was edited (at ")
    assert str(edited).endswith("build it here, and begin a new session")
    monkeypatch.setattr(stale, "newer_than_loaded", lambda file: file)
    (again,) = known.stale([tmp_path])
    assert str(again).startswith(f"{built.name} was built anew (at ")
    assert str(again).endswith("the service builds the tree as it is now; begin a new session")


@pytest.mark.parametrize("has_bytecode", [True, False], ids=["bytecode", "none"])
def test_what_was_edited_before_anybody_looked_is_found(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_bytecode: bool
) -> None:
    monkeypatch.setattr(stale, "_STARTED_NS", 0)
    monkeypatch.setattr(sys, "dont_write_bytecode", not has_bytecode)
    write("def f():\n    return 1\n")
    importlib.import_module("edited_here")
    assert names(StaleModules(), tmp_path) == []
    write("def f():\n    return 2\n")
    assert names(StaleModules(), tmp_path) == ["edited_here.py"]


def test_only_what_concerns_the_job_is_looked_at(write: Write, tmp_path: Path) -> None:
    write("A = 1\n")
    importlib.import_module("edited_here")
    known = StaleModules()
    known.stale([tmp_path])
    write("A = 22\n")
    assert known.stale([tmp_path / "elsewhere"]) == []
    assert [each.name for each in known.stale([], ["edited_here"])] == ["edited_here"]


@pytest.mark.parametrize(
    "text",
    [
        "import park\n\n@park.job\ndef f():\n    return {}\n",
        "import functools\n\n@functools.cache\ndef f():\n    return {}\n",
        "class A:\n    @property\n    def f(self):\n        return {}\n",
        "class A:\n    @classmethod\n    def f(cls):\n        return {}\n",
        "class A:\n    @staticmethod\n    def f():\n        return {}\n",
    ],
)
def test_what_is_decorated_is_compared_where_no_bytecode_was_left(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    write(text.format(1))
    importlib.import_module("edited_here")
    assert names(StaleModules(), tmp_path) == []
    write(text.format(2))
    assert names(StaleModules(), tmp_path) == ["edited_here.py"]


def test_what_autoreload_has_patched_in_place_is_not_stale(write: Write, tmp_path: Path) -> None:
    """IPython 9 gives old functions their new code, and imports nothing."""
    script = tmp_path / "session.py"
    script.write_text(SESSION)
    write("FACTOR = 1\ndef scaled(x):\n    return FACTOR * x\n")
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("read [] patched [] skipped ['edited_here.py']\n", "")


SESSION = """
import os, pathlib, sys
from IPython.core.interactiveshell import InteractiveShell
from park.client.installs.stale import StaleModules
folder = pathlib.Path.cwd()
file = folder / "edited_here.py"
shell, known = InteractiveShell.instance(), StaleModules()
def cell(text):
    result = shell.run_cell(text, store_history=False)
    assert result.success, result
def edit(old, new):
    later = file.stat().st_mtime_ns + 2 * 10**9
    file.write_text(file.read_text().replace(old, new))
    os.utime(file, ns=(later, later))
def stale():
    return [each.shown for each in known.stale([folder])]
cell("%load_ext autoreload")
cell("%autoreload 2")
cell("import edited_here")
import edited_here
spec, said = edited_here.__spec__, f"read {stale()}"
cell("pass")  # it keeps the source of what it finds new
edit("FACTOR = 1", "# longer by a line\\nFACTOR = 2")
edit("FACTOR * x", "FACTOR * x * 10")
cell("assert edited_here.scaled(1) == 20")
said += f" patched {stale()}"
assert edited_here.__spec__ is spec, "imported again: this shows nothing"
cell("%autoreload 0")
edit("= 2", "= 3")
cell("pass")
print(said, "skipped", stale())
"""
