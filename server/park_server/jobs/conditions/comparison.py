"""Values that jobs returned or reported, compared on the service: JSON data only.

The service reads no pickles and no arrays: what a class compares like, its own code says.
"""

from __future__ import annotations

import ast
import base64
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from park.model.conditions import OPERATORS
from park.model.references import Step
from park.runtime.codec import TAG

__all__ = ["Incomparable", "compare", "reported", "selected"]


class Incomparable(Exception):
    """A value that has no such part, or that only a job can read; the message says so."""


def selected(document: Any, path: Sequence[Step]) -> Any:
    """Return the plain data at ``path`` in an encoded value; raises `Incomparable`."""
    for kind, key in path:
        if kind == "attribute":
            raise Incomparable(f"an attribute ({key}) is read in jobs only")
        document = _item(document, key)
    return _plain(document)


def reported(report: Mapping[str, Any], path: Sequence[Step]) -> Any:
    """Return the data at ``path`` in a report of progress; raises `Incomparable`.

    It leads into the named values, of which ``done`` and ``total`` are two.
    """
    whole = {"done": report.get("done"), "total": report.get("total")}
    return selected({**whole, **(report.get("values") or {})}, path)


def compare(left: Any, operator: str, right: Any) -> bool:
    """Compare two plain values as Python does; raises `Incomparable` for unlike ones."""
    try:
        return bool(OPERATORS[operator](left, right))
    except TypeError as error:
        raise Incomparable(str(error)) from error


def _item(node: Any, key: str | int) -> Any:
    if isinstance(node, dict) and TAG in node:
        kind = node[TAG]
        if kind == "tuple":
            return _item(node["items"], key)
        if kind != "dict":
            raise _unreadable(node)
        node = {_plain(pair[0]): pair[1] for pair in node["items"]}
    try:
        if isinstance(node, (dict, list)):
            return node[key]  # type: ignore[index]  # the wrong type is a TypeError, as in Python
    except (KeyError, IndexError, TypeError):
        pass
    raise Incomparable(f"it has no item {key!r}")


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    if TAG not in node:
        return {key: _plain(item) for key, item in node.items()}
    reader = _READERS.get(node[TAG])
    if reader is None:
        raise _unreadable(node)
    try:
        return reader(node)
    except Incomparable:
        raise
    except (KeyError, TypeError, ValueError, SyntaxError, struct.error) as error:
        raise Incomparable("it is damaged") from error


def _unreadable(node: Mapping[str, Any]) -> Incomparable:
    kind = node[TAG]
    if kind == "pickle":
        return Incomparable(f"it is a {node.get('type', 'value')}, which only jobs can read")
    return Incomparable(f"it is no plain data but {kind}")


def _scalar(node: Mapping[str, Any]) -> Any:
    """Return the number in a .npy file of no dimensions (NEP 1), without numpy."""
    data = base64.b64decode(node["npy"], validate=True)
    width = 2 if data[6] == 1 else 4  # the header's length grew with version 2
    start = 8 + width
    end = start + int.from_bytes(data[8:start], "little")
    header = ast.literal_eval(data[start:end].decode("latin1"))
    code = _NUMBERS.get(header["descr"][1:])
    if header["shape"] != () or code is None:
        raise Incomparable(f"it is a numpy scalar of type {header['descr']}")
    order = ">" if header["descr"][0] == ">" else "<"
    return struct.unpack_from(order + code, data, end)[0]


_NUMBERS = {
    "b1": "?",
    **{f"i{1 << n}": code for n, code in enumerate("bhiq")},
    **{f"u{1 << n}": code for n, code in enumerate("BHIQ")},
    "f2": "e",
    "f4": "f",
    "f8": "d",
}
"""Codes of `struct` by numpy's kind and size in bytes."""

_READERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "tuple": lambda node: [_plain(item) for item in node["items"]],
    "dict": lambda node: {_plain(key): _plain(value) for key, value in node["items"]},
    "int": lambda node: int(node["hex"], 16),
    "float": lambda node: float(node["value"]),
    "numpy-scalar": _scalar,
}
