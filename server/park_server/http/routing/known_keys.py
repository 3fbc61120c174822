"""Keys of a request that nobody here knows: a slip, unless a park of another release says them.

What was meant by ``older_then_s`` is not done, and whoever asked would believe that it was. A
client of another release may say what this one has not heard of; what it may not ignore, the
number of the API tells it (`park.wire.api_version`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from fastapi.exceptions import RequestValidationError
from starlette.types import Scope

from park.wire.api_version import HEADER, HERE, said

__all__ = ["is_of_this_release", "record_in", "require_known_keys"]

_HEADER = HEADER.lower().encode("ascii")

_MOST_SHOWN = 60


class _Keys(NamedTuple):
    """The keys of a record, and the records that stand under some of them."""

    names: frozenset[str]
    below: tuple[tuple[str, Any], ...]


def is_of_this_release(scope: Scope) -> bool:
    """Tell whether a request is of a park of this release, or of none at all: curl, a script."""
    for name, value in scope["headers"]:
        if name == _HEADER:
            spoken = said(value.decode("latin-1"))
            return spoken is None or spoken.release == HERE.release
    return True


def record_in(endpoint: Callable[..., Any]) -> Any:
    """Return the record that the body of ``endpoint`` is, or a list of; None where it has none."""
    hints = get_type_hints(endpoint)
    hints.pop("return", None)
    return next(filter(None, map(_record_of, hints.values())), None)


def require_known_keys(kind: Any, document: object) -> None:
    """Raise `RequestValidationError` naming a key that no ``kind`` has; or each of a list."""
    for place in _unknown(kind, document, ()):
        key = str(place[-1])
        shown = key if len(key) <= _MOST_SHOWN else f"{key[:_MOST_SHOWN]}…"
        known = ", ".join(sorted(_keys(kind).names)) if len(place) == 1 else ""
        message = "no such key; known are " + known if known else "no such key"
        location = ("body", *place[:-1], shown)
        raise RequestValidationError([{"type": "unknown_key", "loc": location, "msg": message}])


def _unknown(
    kind: Any, value: object, place: tuple[str | int, ...]
) -> Iterator[tuple[str | int, ...]]:
    """Yield the places of keys in ``value`` that a ``kind`` has not."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unknown(kind, item, (*place, number))
    if not isinstance(value, dict):
        return
    names, below = _keys(kind)
    if not value.keys() <= names:
        yield from ((*place, key) for key in value if key not in names)
    for name, inner in below:
        if name in value:
            yield from _unknown(inner, value[name], (*place, name))


@cache
def _keys(kind: Any) -> _Keys:
    hints = get_type_hints(kind)
    names = frozenset(entry.name for entry in fields(kind))
    found = ((name, _record_of(hints[name])) for name in sorted(names))
    return _Keys(names, tuple((name, record) for name, record in found if record is not None))


def _record_of(hint: Any) -> Any:
    """Return the one record that ``hint`` is, is a list of, or perhaps is; else None."""
    if isinstance(hint, type) and is_dataclass(hint):
        return hint
    if get_origin(hint) in {list, Union, UnionType}:
        found = {each for each in map(_record_of, get_args(hint)) if each is not None}
        return found.pop() if len(found) == 1 else None
    return None
