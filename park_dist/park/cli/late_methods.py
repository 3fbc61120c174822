"""Methods of park's records, compiled when they are first called.

`dataclasses` writes six methods of a frozen class as text and compiles each, when the class is
made: 0.4 ms of the 0.5 that a record takes. A service has more than five hundred, a command up to
a hundred, and most of their methods are never called. So here each is a function that compiles
what it stands for, puts that into its class, and calls it.

Python has no hook for this: what `dataclasses` compiles by is taken, where it is there (3.11 and
3.12; from 3.13 on all methods of a class are compiled together). Only the program does it, and
only to park's own classes: who imports `park` gets Python as it is, and so do others' classes
here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["compile_when_called"]

_COMPILER = "_create_fn"
_OURS = frozenset({"park", "park_repo", "park_server"})

_Function = Callable[..., Any]


def compile_when_called() -> None:
    """Have methods of park's dataclasses compiled late, of those that are made from now on."""
    at_once: _Function | None = getattr(dataclasses, _COMPILER, None)
    if at_once is not None:
        setattr(dataclasses, _COMPILER, _late(at_once))


def _late(at_once: _Function) -> _Function:
    def create(name: str, *text: Any, globals: Mapping[str, Any], **more: Any) -> _Function:  # noqa: A002
        def compiled() -> _Function:
            function: _Function = at_once(name, *text, globals=globals, **more)
            return function

        package = globals.get("__name__", "").partition(".")[0]
        return _standing_for(name, compiled) if package in _OURS else compiled()

    return create


def _standing_for(name: str, compiled: Callable[[], _Function]) -> _Function:
    """Return a method that is another, ``compiled``, from its first call on."""
    function: _Function | None = None

    def method(self: Any, /, *args: Any, **named: Any) -> Any:
        nonlocal function
        if function is None:
            function = compiled()
            function.__qualname__ = method.__qualname__  # which its errors have
            for kind in type(self).__mro__:
                if vars(kind).get(name) is method:
                    setattr(kind, name, function)
        return function(self, *args, **named)

    method.__name__ = name
    return method
