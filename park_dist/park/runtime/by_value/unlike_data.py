"""Values that `pickle` takes apart not at all, or so that they cannot be made again."""

from __future__ import annotations

import operator
import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from . import rebuild

__all__ = ["VIEWS", "exception_reduced"]


def exception_reduced(error: BaseException) -> Any:
    """Return how ``error`` travels; `NotImplemented` where its class says that itself.

    `pickle` would call the class with the ``args`` of the error: those of the message, which
    need not be what its ``__init__`` takes.
    """
    cls = type(error)
    says = cls.__reduce__ is not BaseException.__reduce__ or cls.__reduce_ex__ is not _REDUCE_EX
    if says or cls.__module__ == "builtins":
        return NotImplemented
    made = rebuild.exception, (cls, error.args)
    return (*made, vars(error)) if vars(error) else made


_REDUCE_EX: Any = object.__reduce_ex__


def _memory(view: memoryview) -> Any:
    try:
        data = view.tobytes()
        rebuild.memory(data, view.format, view.shape or ())
    except (TypeError, ValueError) as error:  # of another program's format, say
        raise pickle.PicklingError(f"a view of memory of the format {view.format!r}") from error
    kept = data if view.readonly else bytearray(data)
    return rebuild.memory, (kept, view.format, view.shape or ())


def _of(kind: type[dict[Any, Any]], part: str) -> Callable[[Any], Any]:
    def reduced(view: Any) -> Any:
        return operator.methodcaller(part), (kind(view.mapping),)

    return reduced


_PARTS = ("keys", "values", "items")

VIEWS: dict[type, Callable[[Any], Any]] = {
    memoryview: _memory,
    **{
        type(getattr(kind(), part)()): _of(kind, part)
        for kind in (dict, OrderedDict)
        for part in _PARTS
    },
}
"""Types of what shows something else, with how that travels: as a copy of what is shown."""
