"""Why a value cannot leave the process that has it, and what to do instead."""

from __future__ import annotations

import io
import types
from collections.abc import Coroutine, Iterator

__all__ = ["why_not_pickled"]

_INSTEAD: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (io.IOBase, "its path, or what is in it, can be"),
    (Coroutine, "what it gives once it is awaited can be"),
    (Iterator, "a list of its items can be: list(…)"),
    ((types.FunctionType, type), "what it computes can be, or one that a module of a package has"),
    (types.ModuleType, "its name can be"),
)
"""Kinds of values in the order in which they are looked for: a file is an iterator, too."""


def why_not_pickled(value: object, error: Exception) -> str:
    """Say why ``value`` cannot be pickled, which raised ``error``, and what could be instead."""
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    said = f"a value of type {name} cannot be pickled: {error}"
    for kind, instead in _INSTEAD:
        if isinstance(value, kind):
            return f"{said}; {instead}"
    return said
