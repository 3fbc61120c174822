"""The globals of functions that travelled by value: those of a module, or of one made anew.

The ``__main__`` of a job is the machinery's own. Where something of a script's ``__main__``
arrives, a new module takes its place, so that what a job returns of it is pickled by the
name that it has where it came from.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from types import ModuleType
from typing import Any

from .spawned import Main

__all__ = ["BARE", "IMPORTED", "MADE", "RETURNED", "globals_of", "names_made", "publish"]

IMPORTED = "imported"
"""Functions of a module that the environment has, which its name does not find."""

MADE = "made"
"""Those of a module that is only where they come from: ``__main__``."""

RETURNED = "returned"
"""Those of a ``__main__`` that a job made, on their way to the session that has the real one."""

BARE = "bare"
"""Those whose globals belong to no module (made by `exec`, say), by a number."""

_IS_IN_JOB = __name__.startswith("_")
"""A job has this package under a name of its own, `_park_runtime`."""

_made: dict[tuple[str, str], dict[str, Any]] = {}


def globals_of(kind: str, name: str) -> dict[str, Any]:
    """Return the globals of the functions of ``name``, each time the same."""
    if kind == RETURNED:  # a job's result can also be the argument of another job
        kind = MADE if _IS_IN_JOB else IMPORTED
    if kind == IMPORTED:
        return vars(importlib.import_module(name))
    known = _made.get((kind, name))
    if known is None:
        known = vars(_module(name)) if kind == MADE else {"__name__": name}
        _made[kind, name] = known
        known["__builtins__"] = builtins
    return known


def publish(value: Any, module: str, name: str) -> None:
    """Let ``value`` be found as ``name`` of ``module``, where that was made here."""
    namespace = _made.get((MADE, module))
    if namespace is not None:
        namespace.setdefault(name, value)


def names_made() -> int:
    """Return how many names there are in what was made here."""
    return sum(len(namespace) for (kind, _), namespace in _made.items() if kind == MADE)


def _module(name: str) -> ModuleType:
    module = sys.modules[name] = (Main if name == "__main__" else ModuleType)(name)
    return module
