"""Modules that a reloader has patched in place: by what it says, and by what they have."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import pytest

from park.local.patched import is_patched_in_place

BEFORE = '''
FACTOR = 1
class Layer:
    def depth(self): return 1
def scaled(x):
    """Say it."""
    return [FACTOR * each for each in x]
'''
AFTER = BEFORE.replace("= 1", "= 2").replace("return 1", "return 2")


class Session:
    """A module that was imported, its file, edited since, and the reloader of the session."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "reloaded_here.py"
        self.file.write_text(BEFORE)
        self.module = importlib.import_module("reloaded_here")
        self.reloader = SimpleNamespace(modules_mtimes={}, failed={}, skip_modules={})
        self.edit(AFTER)

    def edit(self, text: str) -> None:
        later = self.file.stat().st_mtime_ns + 2 * 10**9
        self.file.write_text(text)
        os.utime(self.file, ns=(later, later))

    @property
    def edited(self) -> float:
        return self.file.stat().st_mtime

    def patch(self, text: str) -> None:
        """Do what IPython 9 does: new code for old functions, in the module's own namespace."""
        new: dict[str, Any] = {}
        exec(compile(f"\n\n{text}", str(self.file), "exec"), new)  # noqa: S102
        self.module.scaled.__code__ = new["scaled"].__code__
        self.module.Layer.depth.__code__ = new["Layer"].depth.__code__
        vars(self.module)["FACTOR"] = new["FACTOR"]

    def is_patched(self) -> bool:
        functions: list[FunctionType] = [self.module.scaled, self.module.Layer.depth]
        return is_patched_in_place(self.module, self.file, functions)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "reloaded_here", raising=False)
    importlib.invalidate_caches()
    made = Session(tmp_path)
    magics = SimpleNamespace(_reloader=made.reloader)
    shell = SimpleNamespace(magics_manager=SimpleNamespace(registry={"AutoreloadMagics": magics}))
    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    return made


def test_what_was_read_and_patched_is_up_to_date(session: Session) -> None:
    session.reloader.modules_mtimes["reloaded_here"] = session.edited
    session.patch(AFTER)
    assert session.is_patched()


def test_the_time_alone_is_no_proof(session: Session) -> None:
    """It is taken down, too, of what was edited before autoreload was switched on."""
    session.reloader.modules_mtimes["reloaded_here"] = session.edited
    assert not session.is_patched()
    session.patch(AFTER.replace("FACTOR = 2", "FACTOR = 3"))
    assert not session.is_patched()


@pytest.mark.parametrize(
    "unread",
    [
        lambda it: it.reloader.failed.update({str(it.file): it.edited}),
        lambda it: it.reloader.skip_modules.update({"reloaded_here": True}),
        lambda it: it.reloader.modules_mtimes.update(reloaded_here=1.0),
        lambda it: it.edit(AFTER + "# later\n"),
        lambda _: sys.modules.pop("IPython"),
    ],
    ids=["failed", "skipped", "older", "edited again", "no IPython"],
)
def test_what_the_reloader_has_not_read_is_not_up_to_date(
    session: Session, unread: Callable[[Session], object]
) -> None:
    session.reloader.modules_mtimes["reloaded_here"] = session.edited
    session.patch(AFTER)
    unread(session)
    assert not session.is_patched()
