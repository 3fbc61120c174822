"""What a job is called where nobody says it: its call, short enough for one line."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from park.errors import UsageError
from park.model.file_names import readable
from park.model.ids import brief
from park.model.references import NODE, What
from park.runtime.codec import TAG

_Node = Mapping[str, Any]
_Shown = Callable[[_Node, int], str]

__all__ = ["MOST_CHARACTERS", "call_label", "checked_label"]

MOST_CHARACTERS = 200
"""Of a label that a person gives: more than any line shows."""

_WIDEST = 80
_WIDEST_VALUE = 24
_MOST_ITEMS = 3
"""Items of a list, a tuple or an object that are shown."""

_DEEPEST = 3
"""Levels of nesting that are shown."""

_NPY_HEADER = 512
"""Characters of base64 that hold what a .npy file says of its shape and type, and a scalar."""


def checked_label(text: object) -> str:
    """Return a label that a person gave; raises `UsageError` where no line can show it."""
    if not isinstance(text, str) or not 0 < len(text) <= MOST_CHARACTERS or not text.isprintable():
        raise UsageError(
            f"label={ascii(text)[:_WIDEST]}: it is a line of text, of 1 to {MOST_CHARACTERS} "
            "characters"
        )
    return text


def call_label(entry_point: str, call: Mapping[str, Any]) -> str:
    """Return the call of ``entry_point`` as people would write it: ``fit(film.txt, seed=3)``.

    ``call`` is as `park.runtime.codec` encodes it. Files have their names, arrays their
    shapes, and what is pickled the name of its type.
    """
    function = entry_point.rpartition(":")[2]
    arguments = [_value(item) for item in islice(call.get("args", ()), _WIDEST)]
    named = islice(call.get("kwargs", {}).items(), _WIDEST)
    arguments += [f"{name}={_value(item)}" for name, item in named]
    return _cut(readable(f"{function}({', '.join(arguments)})"), _WIDEST, end=")")


def _value(item: Any, level: int = 0) -> str:
    """Return an encoded value, cut; what is nested deeper than a line can show is left out."""
    if isinstance(item, str):
        return _cut(repr(item[: 2 * _WIDEST_VALUE]), _WIDEST_VALUE, end="'")
    if not isinstance(item, (list, dict)):
        return repr(item)
    if level == _DEEPEST:
        return "…"
    if isinstance(item, list):
        text = f"[{_items(item, level)}]"
    elif TAG in item:
        text = _NODES.get(item[TAG], _kind)(item, level)
    else:
        text = f"{{{_pairs(item.items(), level)}}}"
    return _cut(text, _WIDEST_VALUE)


def _items(items: Iterable[Any], level: int) -> str:
    some = list(islice(items, _MOST_ITEMS + 1))
    return _few([_value(item, level + 1) for item in some[:_MOST_ITEMS]], some)


def _pairs(items: Iterable[Any], level: int) -> str:
    some = list(islice(items, _MOST_ITEMS + 1))
    texts = [
        f"{_value(key, level + 1)}: {_value(item, level + 1)}" for key, item in some[:_MOST_ITEMS]
    ]
    return _few(texts, some)


def _few(texts: list[str], some: Sequence[Any]) -> str:
    """Return ``texts`` in a line, which are of the first of ``some``."""
    return ", ".join(texts if len(some) == len(texts) else [*texts, "…"])


# -- what stands for a node of the codec


def _kind(node: _Node, level: int) -> str:
    del level
    return str(node[TAG])


def _field(name: str) -> _Shown:
    return lambda node, _: str(node[name])


def _tuple(node: _Node, level: int) -> str:
    items = node["items"]
    return f"({_items(items, level)}{',' * (len(items) == 1)})"


def _set(node: _Node, level: int) -> str:
    return f"{{{_items(node['items'], level)}}}"


def _dict(node: _Node, level: int) -> str:
    return f"{{{_pairs(node['items'], level)}}}"


def _selected(node: _Node, level: int) -> str:
    return f"{_value(node['value'], level + 1)}{_way(node['path'])}"


def _pickle(node: _Node, level: int) -> str:
    del level
    return str(node["type"]).rpartition(".")[2]


def _reference(node: _Node, level: int) -> str:
    del level
    name = node.get("name")  # the node was checked where the call came in
    if name is not None:
        return str(name)
    what = "output" if node["what"] == What.VALUE else str(node["what"])
    return f"{brief(node['job'])}.{what}{_way(node.get('path', ()))}"


def _way(steps: Iterable[Any]) -> str:
    return "".join(f"[{key!r}]" if kind == "item" else f".{key}" for kind, key in steps)


_SHAPE = re.compile(rb"'shape': \(([0-9, ]*)\)")
_TYPE = re.compile(rb"'descr': '<?\|?(f4|f8|[iu][1248]|b1)'")
_FORMATS = {
    b"f4": "<f", b"f8": "<d", b"b1": "?",
    b"i1": "<b", b"i2": "<h", b"i4": "<i", b"i8": "<q",
    b"u1": "<B", b"u2": "<H", b"u4": "<I", b"u8": "<Q",
}  # fmt: skip
_NPY_LENGTH = struct.Struct("<H")
_NPY_LENGTH_AT, _NPY_HEADER_AT = 8, 10
"""Where a .npy file of version 1 says how long its header is, and where that begins."""


def _array(node: _Node, level: int) -> str:
    """Return the shape of an array as ``array 408x2``, or the value of a scalar."""
    del level
    with suppress(ValueError, struct.error):  # nobody has looked into it
        return _said_of(base64.b64decode(node["npy"][:_NPY_HEADER]))
    return "array"


def _said_of(head: bytes) -> str:
    shape = _SHAPE.search(head)
    if shape is None:
        return "array"
    sizes = [text.strip().decode() for text in shape[1].split(b",") if text.strip()]
    return f"array {'x'.join(sizes)}" if sizes else _scalar(head)


def _scalar(head: bytes) -> str:
    found = _TYPE.search(head)
    if found is None:
        return "scalar"
    (length,) = _NPY_LENGTH.unpack_from(head, _NPY_LENGTH_AT)
    (value,) = struct.unpack_from(_FORMATS[found[1]], head, _NPY_HEADER_AT + length)
    return repr(value)


_NODES: dict[Any, _Shown] = {
    "file": _field("name"),
    "service-file": _field("path"),
    "path": _field("value"),
    "float": _field("value"),
    "int": _field("hex"),
    "datetime": _field("iso"),
    "date": _field("iso"),
    "tuple": _tuple,
    "set": _set,
    "frozenset": _set,
    "dict": _dict,
    "ndarray": _array,
    "numpy-scalar": _array,
    "selected": _selected,
    "pickle": _pickle,
    NODE: _reference,
}


def _cut(text: str, width: int, *, end: str = "") -> str:
    return text if len(text) <= width else f"{text[: width - 1 - len(end)]}…{end}"
