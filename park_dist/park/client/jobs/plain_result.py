"""Results as plain JSON data, which any program reads: nothing is unpickled for it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from park.runtime import codec
from park.runtime.values.npy_lists import lists_of
from park.runtime.values.npy_numbers import numbers_of

__all__ = ["nodes_in", "pickled_bytes", "pickled_types", "plain_json"]

_MOST_INT_BITS = 14_000
"""Python prints integers of 4,300 digits at most."""


def plain_json(document: Any) -> Any:
    """Return an encoded value as JSON data for programs of any kind.

    Tuples, sets and arrays become lists, moments and paths text, keys of dicts text. What JSON
    has no form for stays a node ``{"$park": kind, …}``, so that nothing looks like the text of
    its name: ``nan``, complex numbers, bytes. Of a pickle its type, its set and its repr stay.
    """
    if isinstance(document, list):
        return [plain_json(item) for item in document]
    if not isinstance(document, dict):
        return document
    if codec.TAG not in document:
        return {key: plain_json(item) for key, item in document.items()}
    plain = _PLAIN.get(document[codec.TAG])
    return document if plain is None else plain(document)


def _int(node: dict[str, Any]) -> Any:
    value = int(node["hex"], 16)
    return value if value.bit_length() <= _MOST_INT_BITS else node


def _dict(node: dict[str, Any]) -> Any:
    """Return a dict with the texts of its keys, or as pairs where two would be the same text."""
    pairs = [(plain_json(key), plain_json(value)) for key, value in node["items"]]
    named = {str(key): value for key, value in pairs}
    if len(named) < len(pairs) or codec.TAG in named:
        return {codec.TAG: "dict", "items": [list(pair) for pair in pairs]}
    return named


def _array(node: dict[str, Any]) -> Any:
    """Return an array as lists; as it came where it takes numpy, and that is not installed here."""
    numbers = numbers_of(base64.b64decode(node["npy"], validate=True))
    if numbers is not None:  # numpy takes longer to import than a command to do its work
        return plain_json(codec.encode(numbers, set_hash=None))
    with suppress(codec.CodecError):
        array = codec.decode(node, set_hash=None)
        return plain_json(codec.encode(lists_of(array), set_hash=None))
    return node


def _pickle(node: dict[str, Any]) -> Any:
    return {key: value for key, value in node.items() if key != "base64"}


def _items(node: dict[str, Any]) -> Any:
    return plain_json(node["items"])


_PLAIN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "tuple": _items,
    "set": _items,
    "frozenset": _items,
    "dict": _dict,
    "int": _int,
    "ndarray": _array,
    "numpy-scalar": _array,
    "pickle": _pickle,
    # what JSON's users write as text: RFC 3339, and paths
    "datetime": lambda node: node["iso"],
    "date": lambda node: node["iso"],
    "path": lambda node: node["value"],
    "service-file": lambda node: node["path"],
}
"""Kinds of nodes that JSON has a form for; the others stay."""


def nodes_in(document: Any, kind: str) -> Iterator[dict[str, Any]]:
    """Yield the nodes of ``kind`` in an encoded value, in its order."""
    if isinstance(document, list):
        for item in document:
            yield from nodes_in(item, kind)
    elif isinstance(document, dict):
        if document.get(codec.TAG) == kind:
            yield document
        else:
            for item in document.values():
                yield from nodes_in(item, kind)


def pickled_types(document: Any) -> list[str]:
    """Return the types of the pickles in an encoded value, each once, in order."""
    return sorted({str(node["type"]) for node in nodes_in(document, "pickle")})


def pickled_bytes(node: dict[str, Any]) -> bytes:
    """Return the pickle in a node."""
    return base64.b64decode(node["base64"], validate=True)
