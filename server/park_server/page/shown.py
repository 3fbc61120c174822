"""Values of calls and results as people read them, short whatever their size; nothing is decoded.

What a job was called with comes from its user, what it returned from its code: any JSON, also deep
and large. So it is walked no deeper and no further than is shown.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from park.runtime.codec import TAG
from park_server.page.npy import NotShown, header_of
from park_server.page.seen_records import ArgumentRecord

__all__ = ["arguments_of", "job_in", "shown"]

_MOST_ARGUMENTS = 100
_MOST_ITEMS = 50
_MOST_LEVELS = 6
_MOST_TEXT = 2_000
_MOST = 6_000
"""Characters of one value: two screens."""

_HEADER = 1 << 12
"""Characters of base64 in which the header of an array is."""


def arguments_of(call: Mapping[str, Any]) -> tuple[list[ArgumentRecord], int]:
    """Return the arguments of an encoded ``call``, and how many more it has."""
    args: Sequence[Any] = call.get("args") or ()
    kwargs: Mapping[str, Any] = call.get("kwargs") or {}
    named = [*((None, value) for value in args[:_MOST_ARGUMENTS]), *kwargs.items()]
    some = named[:_MOST_ARGUMENTS]
    records = [
        ArgumentRecord(
            name=None if name is None else _printable(str(name)),
            text=shown(value),
            job=job_in(value),
        )
        for name, value in some
    ]
    return records, len(args) + len(kwargs) - len(some)


def job_in(value: Any) -> str | None:
    """Return the job that ``value`` is a reference to; None: it is none."""
    if not isinstance(value, Mapping) or value.get(TAG) != "reference":
        return None
    job = value.get("job")
    return job if isinstance(job, str) else None


def shown(value: Any) -> str:
    """Return ``value``, as `park.runtime.codec` encodes it, in some lines for people."""
    pieces: list[str] = []
    length = 0
    for piece in _pieces(value, 0):
        pieces.append(piece)
        length += len(piece)
        if length > _MOST:
            return _printable("".join(pieces)[:_MOST]) + "…"
    return _printable("".join(pieces))


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)


def _pieces(value: Any, level: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        if TAG in value:
            yield from _node(value, level)
        else:
            yield from _group("{}", _pairs(value), len(value), level)
    elif isinstance(value, list):
        yield from _group("[]", ((None, each) for each in value), len(value), level)
    elif isinstance(value, str):
        yield repr(value[:_MOST_TEXT]) + ("…" if len(value) > _MOST_TEXT else "")
    else:
        yield str(value)  # a number, or what Python calls the three others


def _pairs(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((f"{str(key)[:_MOST_TEXT]!r}: ", each) for key, each in value.items())


def _group(
    ends: str, items: Iterator[tuple[str | None, Any]], count: int, level: int
) -> Iterator[str]:
    if level >= _MOST_LEVELS:
        yield f"{ends[0]}…{ends[1]}"
        return
    yield ends[0]
    for number, (key, each) in enumerate(islice(items, _MOST_ITEMS)):
        yield (", " if number else "") + (key or "")
        yield from _pieces(each, level + 1)
    if count > _MOST_ITEMS:
        yield f", … {count - _MOST_ITEMS:,} more"
    yield ends[1]


def _node(node: Mapping[str, Any], level: int) -> Iterator[str]:
    kind = node.get(TAG)
    items = node.get("items")
    if kind in {"tuple", "set", "frozenset"} and isinstance(items, list):
        ends = "()" if kind == "tuple" else "{}"
        yield from _group(ends, ((None, each) for each in items), len(items), level)
    elif kind == "selected":
        yield from _pieces(node.get("value"), level)
        yield "".join(_step(each) for each in islice(node.get("path") or (), _MOST_ITEMS))
    else:
        yield _line(str(kind), node)


def _step(pair: Any) -> str:
    if not isinstance(pair, list) or len(pair) != 2:  # noqa: PLR2004 (a pair)
        return "…"
    how, key = pair
    return f".{key}" if how == "attribute" else f"[{str(key)[:_MOST_TEXT]!r}]"


def _line(kind: str, node: Mapping[str, Any]) -> str:
    """Return a node that is a leaf, in a line."""
    line = _LINES.get(kind)
    return f"a {kind}" if line is None else line(node)


def _bytes(node: Mapping[str, Any]) -> str:
    return f"bytes, {len(str(node.get('base64') or '')) * 3 // 4:,} of them"


def _pickle(node: Mapping[str, Any]) -> str:
    return str(node.get("repr") or f"a {node.get('type')}, pickled")


def _array(text: str) -> str:
    try:
        header = header_of(base64.b64decode(text[:_HEADER]))
    except (binascii.Error, NotShown):
        return "an array"
    shape = " by ".join(map(str, header.shape)) or "a scalar"
    return f"array of {header.dtype}, {shape}"


def _reference(node: Mapping[str, Any]) -> str:
    what = node.get("what")
    of = f"job …{str(node.get('job'))[-6:]}"
    return f"the {what} of {of}" if isinstance(what, str) else f"what {of} leaves"


_LINES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "file": lambda node: f"file {node.get('name')}",
    "service-file": lambda node: str(node.get("path")),
    "path": lambda node: str(node.get("value")),
    "float": lambda node: str(node.get("value")),
    "int": lambda node: str(node.get("hex")),
    "complex": lambda node: f"{node.get('real')}+{node.get('imag')}j",
    "datetime": lambda node: str(node.get("iso")),
    "date": lambda node: str(node.get("iso")),
    "timedelta": lambda node: f"{node.get('days')} days, {node.get('seconds')} s",
    "bytes": _bytes,
    "ndarray": lambda node: _array(str(node.get("npy") or "")),
    "numpy-scalar": lambda node: _array(str(node.get("npy") or "")),
    "pickle": _pickle,
    "reference": _reference,
}
"""How each leaf is said."""
