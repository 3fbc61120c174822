"""Records as JSON data and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

__all__ = ["decode", "encode"]

Record = TypeVar("Record")


def encode(record: Any) -> dict[str, Any]:
    """Return ``record`` as JSON data."""
    return asdict(record)


@cache
def _plan(cls: Any) -> tuple[tuple[str, bool, Any], ...]:
    """Return what `decode` needs to know of each field: its name, whether required, its record."""
    hints = get_type_hints(cls)
    return tuple(
        (
            entry.name,
            entry.default is MISSING and entry.default_factory is MISSING,
            _record_in(hints[entry.name]),
        )
        for entry in fields(cls)
    )


def _record_in(hint: Any) -> Any:
    """Return the record that a field holds, or a list of, or perhaps; None for other values."""
    if is_dataclass(hint):
        return hint
    return next((inner for each in get_args(hint) if (inner := _record_in(each))), None)


def _nested(cls: Any, value: Any) -> Any:
    if isinstance(value, list):
        return [decode(cls, item) for item in value]
    return None if value is None else decode(cls, value)


def decode(cls: type[Record], document: Mapping[str, Any]) -> Record:
    """Rebuild a ``cls`` from JSON data; unknown keys are ignored.

    Raises `ValueError` naming the record and the key where a required one is absent.
    """
    values: dict[str, Any] = {}
    for name, required, inner in _plan(cls):  # type: ignore[arg-type]  # a class is hashable
        if name in document:
            value = document[name]
            values[name] = value if inner is None else _nested(inner, value)
        elif required:
            raise ValueError(f"a {cls.__name__} without {name!r}")
    return cls(**values)
