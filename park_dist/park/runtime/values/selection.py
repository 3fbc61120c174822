"""The way into a value: items and attributes, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["TAG", "NoSuchPart", "narrowed", "part_of"]

TAG = "$park"
"""The key that makes a JSON object a node of the codec."""

_Step = tuple[str, "str | int"]


class NoSuchPart(LookupError):
    """A value has no such part; the message says which parts it has."""


def part_of(value: Any, path: Iterable[_Step], way: str = "") -> Any:
    """Return the part of ``value`` at the end of ``path``, pairs of ``item`` or ``attribute``.

    ``way`` is that to ``value`` itself. Raises `NoSuchPart`.
    """
    for kind, key in path:
        value = _ITEMS_AND_ATTRIBUTES[kind](value, key, way or "the value")
        way += _step(kind, key)
    return value


def narrowed(document: Any, path: Iterable[_Step]) -> tuple[Any, list[_Step], str]:
    """Return the part of an encoded value that ``path`` leads to, as far as it goes by items.

    So what lies beside the part is not decoded: it may be of a package that is not here. Also
    returns the rest of the path, for the decoded value, and the way so far.
    """
    rest, way = list(path), ""
    while rest and rest[0][0] == "item":
        found = _encoded_item(document, rest[0][1])
        if found is None:
            break
        (document,) = found
        way += _step(*rest.pop(0))
    return document, rest, way


def _encoded_item(document: Any, key: str | int) -> tuple[Any] | None:
    """Return the item of an encoded value as a tuple of one; None where it shows none."""
    if isinstance(document, dict) and document.get(TAG) == "tuple":
        document = document["items"]
    if isinstance(document, dict) and document.get(TAG) == "dict":
        # as JSON data, in which 1 and True are not one key
        pairs = [v for k, v in document["items"] if type(k) is type(key) and k == key]
        return (pairs[0],) if len(pairs) == 1 else None
    if isinstance(document, list) and type(key) is int:
        return (document[key],) if -len(document) <= key < len(document) else None
    if isinstance(document, dict) and TAG not in document and key in document:
        return (document[key],)
    return None


def _step(kind: str, key: str | int) -> str:
    return f"[{key!r}]" if kind == "item" else f".{key}"


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
