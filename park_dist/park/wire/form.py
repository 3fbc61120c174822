"""Records as JSON data and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, get_args, get_type_hints

__all__ = ["decode", "encode", "encode_said", "json_body"]

Record = TypeVar("Record")


def encode(record: Any) -> dict[str, Any]:
    """Return ``record`` as JSON data; `dataclasses.asdict` takes three times as long."""
    kind: Any = type(record)
    names, values_of = _fields(kind)
    found = dict(zip(names, values_of(record), strict=True))
    for name, value in found.items():
        if type(value) not in _ATOMS:
            found[name] = _as_data(value)
    return found


def encode_said(record: Any, *, but: Collection[str] = ()) -> dict[str, Any]:
    """Return what ``record`` says, as JSON data: without its defaults, which `decode` adds.

    The fields ``but`` are left out as well.
    """
    kind: Any = type(record)
    found: dict[str, Any] = {}
    for name, default in _defaults(kind):
        value = getattr(record, name)
        if name not in but and (default is MISSING or value != default):
            found[name] = _as_data(value)
    return found


_ATOMS = frozenset({type(None), str, int, float, bool})


def _as_data(value: Any) -> Any:
    if type(value) in _ATOMS or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_as_data(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _as_data(item) for key, item in value.items()}
    return encode(value)


@cache
def _fields(cls: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Return the names of the fields of a record, and what returns their values."""
    names = tuple(entry.name for entry in fields(cls))
    if len(names) > 1:
        return names, attrgetter(*names)
    return names, lambda record: tuple(getattr(record, name) for name in names)


@cache
def _defaults(cls: Any) -> tuple[tuple[str, Any], ...]:
    """Return the fields of a record, each with its default."""
    return tuple(
        (entry.name, entry.default if entry.default_factory is MISSING else entry.default_factory())
        for entry in fields(cls)
    )


def json_body(document: Any) -> dict[str, Any]:
    """Return what sends ``document`` with httpx, as keyword arguments.

    In ASCII: httpx itself would send UTF-8, which has no half of a surrogate pair.
    """
    content = json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii")
    return {"content": content, "headers": {"Content-Type": "application/json"}}


@cache
def _plan(cls: Any) -> tuple[tuple[str, bool, tuple[Any, ...]], ...]:
    """Return what `decode` needs to know of each field: its name, whether required, its types."""
    hints = get_type_hints(cls)
    return tuple(
        (
            entry.name,
            entry.default is MISSING and entry.default_factory is MISSING,
            tuple(_made_of(hints[entry.name])),
        )
        for entry in fields(cls)
    )


def _made_of(hint: Any) -> Iterator[Any]:
    """Yield the records and enums that a field holds, or a list of, or perhaps."""
    if isinstance(hint, type) and (is_dataclass(hint) or issubclass(hint, Enum)):
        yield hint
    for each in get_args(hint):
        yield from _made_of(each)


def _rebuilt(types: tuple[Any, ...], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [_rebuilt(types, item) for item in value]
    if isinstance(value, Mapping):
        return decode(types[0], value)
    for each in types:
        with suppress(ValueError):
            return each(value)
    known = ", ".join(str(member) for each in types for member in each)
    raise ValueError(f"{value!r} is none of {known}")


def decode(cls: type[Record], document: Mapping[str, Any]) -> Record:
    """Rebuild a ``cls`` from JSON data; unknown keys are ignored.

    Raises `ValueError` naming the record and the key where a required one is absent, or has
    a value that its enum does not know.
    """
    values: dict[str, Any] = {}
    for name, required, types in _plan(cls):  # type: ignore[arg-type]  # a class is hashable
        if name in document:
            value = document[name]
            try:
                values[name] = _rebuilt(types, value) if types else value
            except ValueError as error:
                raise ValueError(f"{name} of a {cls.__name__}: {error}") from None
        elif required:
            raise ValueError(f"a {cls.__name__} without {name!r}")
    return cls(**values)
