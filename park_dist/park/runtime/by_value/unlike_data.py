"""Values that `pickle` takes apart not at all, or so that they cannot be made again."""

from __future__ import annotations

import operator
import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from . import rebuild
from .own_new import made_by_a_base

__all__ = ["VIEWS", "exception_reduced", "made_otherwise"]


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


def made_otherwise(value: Any) -> Any:
    """Return how ``value`` travels whose class cannot be called as `pickle` would.

    `NotImplemented` where it can.
    """
    if _is_nameless_record(value):
        return rebuild.record, (type(value).__name__, value.__match_args__, tuple(value))
    known = made_by_a_base(value)
    if known is None:
        return NotImplemented
    base, (_, (cls, *given), *rest) = known
    return rebuild.instance, (base, cls, tuple(given)), *rest


def _is_nameless_record(value: Any) -> bool:
    """Tell whether ``value`` is a record of the interpreter whose name is that of the only one.

    `sys.version_info` is one: its type is called that as well, and found nowhere.
    """
    if not isinstance(value, tuple) or not hasattr(value, "n_sequence_fields"):
        return False
    kind = type(value)
    return getattr(sys.modules.get(kind.__module__), kind.__name__, kind) is not kind


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
