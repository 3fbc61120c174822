"""Modules of Python that others import for what hardly any command does: loaded when it is done.

The standard library imports at its top what few of its functions need: `dataclasses` all of
`inspect`, `http.client` all of `ssl`, `logging` all of `traceback`. Together they are a seventh of
a command that is over in a tenth of a second. `importlib.util.LazyLoader` does the same, but
before Python 3.13 a second thread may get a module that is half there; Python 3.15 has it in the
language (PEP 810).
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any

__all__ = ["SELDOM", "load_when_used"]

SELDOM = (
    *("bz2", "calendar", "inspect", "ipaddress", "lzma", "platform", "random", "selectors", "ssl"),
    *("subprocess", "traceback"),
)
"""Each is imported by one that every command needs, which does not use it to be imported."""

_LOADING = RLock()
_begun: set[str] = set()


class _Unloaded(ModuleType):
    """A module that is executed once something in it is asked for, and then is like any other.

    Another thread that asks meanwhile waits, also for what is there already: a function may need
    what comes behind it.
    """

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):  # what an import itself asks of each module
            return ModuleType.__getattribute__(self, name)
        with _LOADING:
            _load(self)
            return ModuleType.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        with _LOADING:
            _load(self)
            if type(self) is _Unloaded:  # asked for while it is executed, by what it imports
                raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} yet")
            return getattr(self, name)


def _load(module: ModuleType) -> None:
    """Execute ``module``, unless that is done, or being done by this thread."""
    if type(module) is _Unloaded and module.__name__ not in _begun:
        _executed(module)


def _executed(module: ModuleType) -> None:
    spec = module.__spec__
    if spec is None or spec.loader is None:
        raise ImportError(f"{module.__name__} cannot be loaded")
    _begun.add(module.__name__)
    try:
        spec.loader.exec_module(module)
        module.__class__ = ModuleType
    finally:
        _begun.discard(module.__name__)


def load_when_used(names: tuple[str, ...] = SELDOM) -> None:
    """Have the modules ``names`` loaded when they are used, but for those that are loaded."""
    for name in names:
        spec = None if name in sys.modules else PathFinder.find_spec(name)
        if spec is not None and spec.loader is not None:
            module = module_from_spec(spec)
            module.__class__ = _Unloaded
            sys.modules[name] = module
