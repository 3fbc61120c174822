"""Pickles of what is sent by value, and of all else that no JSON expresses."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any, ClassVar

from park.client.by_value.nested_pickles import note_nested
from park.client.by_value.refusal import refusal_of
from park.client.by_value.sending import Sending
from park.errors import ParkError
from park.runtime.by_value import rebuild
from park.runtime.by_value.python_pickler import DATA, PythonPickler
from park.runtime.by_value.reductions import PROTOCOL, reduced
from park.runtime.by_value.trail import KeepsTrail
from park.runtime.values.deep import with_a_deep_stack

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["pickled", "pickled_alike"]


def pickled(value: Any, sending: Sending, *, name: str) -> bytes:
    """Return ``value`` as a pickle; fast.

    Raises `UsageError` where something in it cannot be sent, with the way to that, from
    ``name``.
    """

    def fast() -> bytes:
        file = io.BytesIO()
        _Fast(file, sending).dump(value)
        return file.getvalue()

    def deep() -> bytes:
        file = io.BytesIO()
        _Alike(file, sending).dump(value)
        return file.getvalue()

    data = with_a_deep_stack(
        lambda: _explained(fast, value, sending, name),
        lambda: _explained(deep, value, sending, name),
    )
    return _whole(data, sending, name)


def pickled_alike(value: Any, sending: Sending, *, name: str) -> bytes:
    """Return ``value`` as `pickled` does, in bytes that are the same for the same source.

    As far as that can be: sets are in order, and equal texts are one. That is for functions,
    which a memo knows by their bytes.
    """

    def alike() -> bytes:
        file = io.BytesIO()
        _Alike(file, sending).dump(value)
        return file.getvalue()

    data = with_a_deep_stack(lambda: _explained(alike, value, sending, name))
    return _whole(data, sending, name)


def _whole(data: bytes, sending: Sending, name: str) -> bytes:
    """Return ``data`` with the modules that travel as their source, if there are any.

    Those are included that pickles within ``data`` name: of cloudpickle, or of a class that
    keeps its state as one.
    """
    note_nested(sending, data, what=name, inside=True)
    if not sending.sources:
        return data
    sources = {name: dict(sending.sources[name]) for name in sorted(sending.sources)}
    return pickle.dumps(_Opened(sources, data), protocol=PROTOCOL)


class _Opened:
    """Stands for what is opened after the modules that it refers to can be imported."""

    def __init__(self, sources: dict[str, Any], data: bytes) -> None:
        self._parts = sources, data

    def __reduce__(self) -> Any:
        return rebuild.opened, self._parts


def _explained(dump: Callable[[], bytes], value: Any, sending: Sending, name: str) -> bytes:
    try:
        return dump()
    except (ParkError, RecursionError):
        raise
    except Exception:
        trail = _Trail(io.BytesIO(), sending)
        try:
            trail.dump(value)
        except Exception as again:  # noqa: BLE001 (what the fast one met, now with its way)
            raise refusal_of(name, trail.found or [value], again) from None
        raise


class _Fast(pickle.Pickler):
    def __init__(self, file: io.BytesIO, sending: Sending) -> None:
        super().__init__(file, protocol=PROTOCOL)
        self._sending = sending

    def reducer_override(self, obj: Any, /) -> Any:
        return reduced(self._sending, obj)


class _Alike(PythonPickler):
    """The pickler in Python, which takes equal texts for one."""

    dispatch: ClassVar[dict[type, Any]] = dict(PythonPickler.dispatch)

    def __init__(self, file: io.BytesIO, sending: Sending) -> None:
        super().__init__(file, protocol=PROTOCOL)
        self._sending = sending
        self._texts: dict[str, str] = {}

    def reducer_override(self, obj: Any) -> Any:
        return NotImplemented if type(obj) in DATA else reduced(self._sending, obj)

    def _text(self, value: str) -> None:
        known = self._texts.setdefault(value, value)
        if id(known) in self.memo:
            self.write(self.get(self.memo[id(known)][0]))
        else:
            self.save_str(known)

    def _ordered(self, value: set[Any] | frozenset[Any]) -> None:
        try:
            members = sorted(value)
        except TypeError:
            members = sorted(value, key=repr)
        self.save_reduce(type(value), (members,), obj=value)

    dispatch[str] = _text
    dispatch[set] = _ordered
    dispatch[frozenset] = _ordered


class _Trail(KeepsTrail, _Alike):
    """Knows the way to where it failed."""
