"""The way to what cannot be pickled, in the names that people know: ``CONFIG → handle``."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator, Sequence
from typing import Any

from .reductions import globals_used

__all__ = ["KeepsTrail", "names_on"]


class KeepsTrail:
    """A pickler in Python that knows the way to where it failed; before one of `pickle`."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._way: list[Any] = []
        self.found: list[Any] = []

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:  # noqa: FBT001, FBT002 (as in `pickle`)
        """Pickle ``obj``, or keep what was taken apart on the way to it."""
        self._way.append(obj)
        try:
            super().save(obj, save_persistent_id)  # type: ignore[misc]  # the pickler's
        except Exception:
            self.found = self.found or list(self._way)
            raise
        self._way.pop()


def names_on(way: Sequence[Any]) -> list[str]:
    """Return the names on ``way``: what is not known by one (a state, say) is passed over."""
    names: list[str] = []
    known = [way[0]]
    for each in way[1:]:
        for parent in reversed(known):
            label = next((label for label, part in _parts(parent) if part is each), None)
            if label is not None:
                names += [label] if label else []
                known.append(each)
                break
    return names


def _parts(owner: Any) -> Iterator[tuple[str, Any]]:
    """Yield what ``owner`` refers to, with the name that it has there; "" where it has none."""
    if isinstance(owner, types.FunctionType):
        yield from _parts_of_function(owner)
    elif isinstance(owner, dict):
        yield from ((str(key), value) for key, value in owner.items())
    elif isinstance(owner, (list, tuple)):
        yield from ((f"[{index}]", value) for index, value in enumerate(owner))
    elif isinstance(owner, functools.partial):
        yield owner.func.__name__ if hasattr(owner.func, "__name__") else "func", owner.func
        yield from ((f"[{index}]", value) for index, value in enumerate(owner.args))
        yield from owner.keywords.items()
    elif isinstance(owner, types.MethodType):
        yield owner.__func__.__name__, owner.__func__
        yield "self", owner.__self__
    elif isinstance(owner, property):
        yield from (("", each) for each in (owner.fget, owner.fset, owner.fdel))
    elif isinstance(owner, (classmethod, staticmethod)):
        yield "", owner.__func__
    elif isinstance(owner, functools.cached_property):
        yield "", owner.func
    elif isinstance(owner, type):
        yield from list(vars(owner).items())
        yield from ((base.__name__, base) for base in owner.__bases__)
    else:
        yield from _parts_of_object(owner)


def _parts_of_function(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:
            continue
    yield from globals_used(function).items()
    defaults = function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount][code.co_argcount - len(defaults) :]
    yield from zip(names, defaults, strict=True)
    yield from (function.__kwdefaults__ or {}).items()
    yield from function.__dict__.items()


def _parts_of_object(owner: Any) -> Iterator[tuple[str, Any]]:
    yield from list(getattr(owner, "__dict__", {}).items())
    for cls in type(owner).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if hasattr(owner, name):
                yield name, getattr(owner, name)
    yield type(owner).__name__, type(owner)
