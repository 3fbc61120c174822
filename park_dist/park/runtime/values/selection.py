"""The way into a value: items and attributes, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["NoSuchPart", "part_of"]


class NoSuchPart(LookupError):
    """A value has no such part; the message says which parts it has."""


def part_of(value: Any, path: Iterable[tuple[str, str | int]]) -> Any:
    """Return the part of ``value`` at the end of ``path``, pairs of ``item`` or ``attribute``.

    Raises `NoSuchPart`.
    """
    way = ""
    for kind, key in path:
        value = _ITEMS_AND_ATTRIBUTES[kind](value, key, way or "the value")
        way += f"[{key!r}]" if kind == "item" else f".{key}"
    return value


def _item(value: Any, key: str | int, place: str) -> Any:
    try:
        return value[key]
    except Exception as error:
        raise NoSuchPart(f"{place} has no item {key!r}: {_what_there_is(value)}") from error


def _attribute(value: Any, name: str, place: str) -> Any:
    try:
        return getattr(value, name)
    except Exception as error:
        there = _listed([each for each in dir(value) if not each.startswith("_")])
        raise NoSuchPart(
            f"{place} has no attribute {name!r}: it is a {type(value).__qualname__} with {there}"
        ) from error


_ITEMS_AND_ATTRIBUTES: dict[str, Callable[[Any, Any, str], Any]] = {
    "item": _item,
    "attribute": _attribute,
}


def _what_there_is(value: Any) -> str:
    kind = type(value).__qualname__
    if isinstance(value, dict):
        return f"it is a {kind} with {_listed([repr(key) for key in value])}"
    try:
        return f"it is a {kind} of {len(value)}"
    except TypeError:
        return f"it is a {kind}"


_MOST_LISTED = 10
"""Names in one line of an error; more of them are counted."""


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_LISTED
    tail = [f"{more} more"] if more > 0 else []
    return ", ".join([*names[:_MOST_LISTED], *tail]) or "nothing in it"
