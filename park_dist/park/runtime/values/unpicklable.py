"""Why a value cannot leave the process that has it, and what to do instead."""

from __future__ import annotations

import io
import pickle
import re
import types
import weakref
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from typing import Any

__all__ = ["Unpicklable", "names_to", "why_not_pickled"]

_INSTEAD: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (io.IOBase, "its path, or what is in it, can be"),
    (Coroutine, "what it gives once it is awaited can be"),
    (AsyncIterator, "a list of its items can be: [item async for item in …]"),
    (Iterator, "a list of its items can be: list(…)"),
    ((types.FunctionType, type), "what it computes can be, or one that a module of a package has"),
    (types.ModuleType, "its name can be"),
    (re.Match, "what it found can be: its groupdict(), its group()"),
    ((weakref.ReferenceType, weakref.ProxyType), "what it refers to can be"),
    ((types.TracebackType, types.FrameType), "its text can be: traceback.format_exc()"),
)
"""Kinds of values in the order in which they are looked for: a file is an iterator, too."""

_BY_NAME = {
    "numpy.ufunc": "the function that it was made of can be (numpy.frompyfunc does not tell it)",
    "_hashlib.HASH": "its hexdigest() can be",
    "sqlite3.Row": "a dict of it can be: dict(…)",
    "sqlite3.Connection": "the path of the database can be",
    "concurrent.futures._base.Future": "its result() can be",
    "posix.DirEntry": "its path can be",
}
"""Those whose modules few programs import, by their full names."""


class Unpicklable(pickle.PicklingError):
    """A value that cannot be pickled, for what is in it: ``culprit``, with the ``names`` to it."""

    def __init__(self, message: str, names: Sequence[str], culprit: object) -> None:
        super().__init__(message)
        self.names, self.culprit = tuple(names), culprit


def why_not_pickled(value: object, error: Exception, *, within: object = None) -> str:
    """Say why ``value`` cannot be pickled, which raised ``error``, and what could be instead.

    ``within`` is what it is a part of, by lists and dicts, if it is one.
    """
    names = [*names_to(value, within)]
    culprit = value
    if isinstance(error, Unpicklable):
        names, culprit = [*names, *error.names], error.culprit
    kind = type(culprit)
    full = f"{kind.__module__}.{kind.__qualname__}"
    said = f"a value of type {full} cannot be pickled: {error}"
    if names:
        said = f"{' → '.join(names)}: {said}"
    found = next((each for kinds, each in _INSTEAD if isinstance(culprit, kinds)), None)
    instead = _BY_NAME.get(full) or found
    return f"{said}; {instead}" if instead else said


def names_to(value: object, within: object) -> Sequence[str]:
    """Return the keys and indexes that lead to ``value``; none where that is all there is."""
    seen: set[int] = set()
    open_: list[tuple[Any, tuple[str, ...]]] = [(within, ())]
    while open_:
        each, names = open_.pop()
        if each is value:
            return names
        if id(each) in seen:
            continue
        seen.add(id(each))
        if type(each) is dict:
            open_.extend((part, (*names, str(key))) for key, part in each.items())
        elif type(each) in {list, tuple}:
            open_.extend((part, (*names, f"[{at}]")) for at, part in enumerate(each))
    return ()
