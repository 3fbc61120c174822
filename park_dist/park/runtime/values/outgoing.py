"""Pickles of what leaves a job: by name where its session has it, else by value."""

from __future__ import annotations

import io
import pickle
from typing import Any

from ..by_value.own_new import made_by_a_base  # noqa: TID252 (named otherwise in environments)
from .deep import with_a_deep_stack
from .unpicklable import Unpicklable

__all__ = ["pickled"]

_PROTOCOL = 5


def pickled(value: object) -> bytes:
    """Return ``value`` as a pickle.

    Raises `Unpicklable` where something of it cannot leave this process, and `RecursionError`
    where it is nested too deep.
    """
    return with_a_deep_stack(lambda: _pickled(value), lambda: _by_value(value, None))


def _pickled(value: object) -> bytes:
    try:
        file = io.BytesIO()
        _Named(file, protocol=_PROTOCOL).dump(value)
        return file.getvalue()
    except RecursionError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever a foreign __reduce__ does)
        return _by_value(value, error)


def _by_value(value: object, error: Exception | None) -> bytes:
    """Return a pickle of ``value``, of which ``error`` said that it is none by name."""
    # what few jobs need
    from ..by_value.returned import (  # noqa: TID252 (named otherwise in environments)
        pickled_by_value,
        way_to_what_fails,
    )
    from ..by_value.trail import names_on  # noqa: TID252 (as above)

    try:
        return pickled_by_value(value)
    except RecursionError:
        raise
    except Exception as again:  # noqa: BLE001 (as above)
        # the first says it in the words of `pickle`, unless that could be helped
        said = again if error is None or str(error).startswith("Can't ") else error
        way = way_to_what_fails(value) or [value]
        raise Unpicklable(str(said), names_on(way), way[-1]) from None


class _Named(pickle.Pickler):
    """What `pickle` does, but for what it would make again by another call than the class takes.

    Errors of other code are called by it with the ``args`` of their message, which may be
    anything.
    """

    def reducer_override(self, obj: Any, /) -> Any:
        is_odd = isinstance(obj, BaseException) and _may_be_called_with_less(type(obj))
        if is_odd or made_by_a_base(obj) is not None:
            raise pickle.PicklingError("Can't be sure that it can be made again")
        return NotImplemented


def _may_be_called_with_less(kind: type[BaseException]) -> bool:
    return kind.__reduce__ is BaseException.__reduce__ and kind.__module__ != "builtins"
