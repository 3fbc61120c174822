"""Pickles of what a job returns: by name where its session has it, else by value.

What a package or the script of the job defines is named, as `pickle` does it. A function or
class that was made in the job (a closure, a lambda, what `sympy.lambdify` gives) has no name
anywhere else: it goes back as functions of a script came, and is made again where the same
set of versions is.
"""

from __future__ import annotations

import importlib.util
import io
import marshal
import pickle
import secrets
import sys
from collections.abc import Iterable
from contextlib import suppress
from types import CodeType, FunctionType, ModuleType
from typing import Any, ClassVar

from .code import PLACED
from .courier import Way
from .namespaces import RETURNED
from .python_pickler import DATA, PythonPickler
from .rebuild import PACKAGE
from .reductions import PROTOCOL, reduced
from .trail import KeepsTrail

__all__ = ["pickled_by_value", "way_to_what_fails"]

_HERE = f"{__name__.rpartition('.')[0]}."


def pickled_by_value(value: object) -> bytes:
    """Return ``value`` as a pickle; raises what `pickle` raises."""
    file = io.BytesIO()
    _ByValue(file).dump(value)
    return file.getvalue()


def way_to_what_fails(value: object) -> list[Any]:
    """Return what was taken apart on the way to what of ``value`` cannot be pickled, from it on."""
    trail = _Trail(io.BytesIO())
    with suppress(Exception):
        trail.dump(value)
    return trail.found


class _ByValue(PythonPickler):
    """Takes apart what has no name where it goes, and names this package as the client has it."""

    dispatch: ClassVar[dict[type, Any]] = dict(PythonPickler.dispatch)

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=PROTOCOL)
        self._carrier = _Returning()

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) in DATA or _is_own(obj):
            return NotImplemented
        return reduced(self._carrier, obj)

    def _function(self, function: FunctionType) -> None:
        if not _is_own(function):
            self.save_global(function)
            return
        self.save(PACKAGE + function.__module__.removeprefix(_HERE))
        self.save(function.__qualname__)
        self.write(pickle.STACK_GLOBAL)
        self.memoize(function)

    dispatch[FunctionType] = _function


class _Trail(KeepsTrail, _ByValue):
    """Knows the way to where it failed."""


def _is_own(value: object) -> bool:
    """Tell whether ``value`` makes something again."""
    return isinstance(value, FunctionType) and str(value.__module__).startswith(_HERE)


class _Returning:
    """How modules are found in the session, which has what this job has (see `.courier`)."""

    main = RETURNED

    def __init__(self) -> None:
        # numbers that no other result has: a process reads many of them
        self._next = secrets.randbits(128)
        self._numbers: dict[int, tuple[int, object]] = {}

    def note(self, module: str | None, /) -> Way:
        """Tell whether the session finds ``module``: one that was made here is nowhere else."""
        if not isinstance(module, str) or not module or module == "__main__":
            return Way.THERE
        return Way.PROJECT if _can_be_imported(module) else Way.VALUE

    def note_imports(self, names: Iterable[str], /) -> None:
        """Leave it: whatever a body imports here can be imported there."""

    def number(self, kind: str, value: object, /) -> int:
        """Return a number of ``value`` that is its own, also among what others return."""
        del kind
        if id(value) not in self._numbers:
            self._next += 1
            self._numbers[id(value)] = self._next, value
        return self._numbers[id(value)][0]

    def code(self, code: CodeType, /) -> tuple[bytes, int]:
        """Return ``code`` with its place, which is one of the session already."""
        return marshal.dumps(code), PLACED


def _can_be_imported(name: str) -> bool:
    module = sys.modules.get(name)
    if isinstance(module, ModuleType) and getattr(module, "__spec__", None) is None:
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False
