"""Records as JSON data and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from park.errors import OddAnswer

__all__ = ["decode", "encode", "encode_said", "json_body", "value_in"]

Record = TypeVar("Record")

_REQUIRED = object()


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


class _Field(NamedTuple):
    """What `decode` needs to know of a field.

    ``types`` are the records and enums that it holds; ``kinds`` what its JSON may be, and
    ``items`` what each item of a list or value of an object may be, None: anything.
    """

    name: str
    is_required: bool
    types: tuple[Any, ...]
    kinds: frozenset[type] | None
    items: frozenset[type] | None


@cache
def _plan(cls: Any) -> tuple[_Field, ...]:
    hints = get_type_hints(cls)
    return tuple(
        _Field(
            name=entry.name,
            is_required=entry.default is MISSING and entry.default_factory is MISSING,
            types=tuple(_made_of(hints[entry.name])),
            kinds=_kinds(hints[entry.name]),
            items=_items(hints[entry.name]),
        )
        for entry in fields(cls)
    )


_JSON: dict[Any, frozenset[type]] = {
    str: frozenset({str}),
    int: frozenset({int}),
    float: frozenset({float, int}),
    bool: frozenset({bool}),
    type(None): frozenset({type(None)}),
    list: frozenset({list}),
    dict: frozenset({dict}),
}


def _kinds(hint: Any) -> frozenset[type] | None:
    """Return the types of JSON that a field of type ``hint`` may have; None: any of them."""
    hint = getattr(hint, "__supertype__", hint)  # a NewType
    if hint in _JSON:
        return _JSON[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _JSON[str]
    if isinstance(hint, type) and is_dataclass(hint):
        return _JSON[dict]
    if isinstance(hint, UnionType) or get_origin(hint) is Union:
        found = [_kinds(each) for each in get_args(hint)]
        known = [each for each in found if each is not None]
        return frozenset().union(*known) if len(known) == len(found) else None
    return _JSON.get(get_origin(hint))


def _items(hint: Any) -> frozenset[type] | None:
    """Return the types of what is in a list or an object of type ``hint``; None: any of them."""
    of = [each for each in (hint, *get_args(hint)) if get_origin(each) in {list, dict}]
    return _kinds(get_args(of[0])[-1]) if len(of) == 1 else None


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
    raise OddAnswer(f"{value!r} is none of {known}")


def decode(cls: type[Record], document: Mapping[str, Any]) -> Record:
    """Rebuild a ``cls`` from JSON data; unknown keys are ignored.

    Raises `OddAnswer` naming the record and the key where a required one is absent, has a value
    of another type, or one that its enum does not know.
    """
    if not isinstance(document, Mapping):
        raise OddAnswer(f"a {cls.__name__} that is {_shown(document)}")
    values: dict[str, Any] = {}
    for entry in _plan(cls):  # type: ignore[arg-type]  # a class is hashable
        name = entry.name
        if name in document:
            value = document[name]
            try:
                _check(entry, value)
                values[name] = _rebuilt(entry.types, value) if entry.types else value
            except ValueError as error:
                raise OddAnswer(f"{name} of a {cls.__name__}: {error}") from None
        elif entry.is_required:
            raise OddAnswer(f"a {cls.__name__} without {name!r}")
    return cls(**values)


def value_in(answer: Any, name: str, default: Any = _REQUIRED) -> Any:
    """Return what an answer that is no record has as ``name``, or the ``default``.

    Raises `OddAnswer` where it is no object, or has no such key and there is no default.

    >>> value_in({"present": True}, "present")
    True
    """
    if not isinstance(answer, Mapping):
        raise OddAnswer(f"an answer that is {_shown(answer)}")
    if name not in answer and default is _REQUIRED:
        raise OddAnswer(f"an answer without {name!r}")
    return answer.get(name, default)


def _check(entry: _Field, value: Any) -> None:
    if not _is_one_of(entry.kinds, value):
        raise OddAnswer(f"it is {_shown(value)}")
    if isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            if not _is_one_of(entry.items, item):
                raise OddAnswer(f"{_shown(item)} is in it")


def _is_one_of(kinds: frozenset[type] | None, value: Any) -> bool:
    # a word may be an enum already
    return kinds is None or type(value) in kinds or (str in kinds and isinstance(value, str))


def _shown(value: Any) -> str:
    """Return a value that was not expected, in a few words of JSON."""
    text = json.dumps(value, default=repr)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


_MOST_SHOWN = 60
