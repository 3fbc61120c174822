"""Large JSON, read and written in pieces between which other threads run.

One step of the C library holds every thread of a process, the event loop's too: for 80 ms where
it writes a condition of 200,000 leaves. Small documents are read and written as ever.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

__all__ = ["LARGE_BYTES", "fields_of", "is_record", "is_small", "loads", "text_of"]

LARGE_BYTES = 64 << 10
"""What is read and checked in a millisecond or two: less than a thread would cost others."""

_MANY = 5_000
"""Nodes of a document that are written in about a millisecond."""

_ITEMS = 500
"""Items of a list that are looked at together."""

_CHARACTERS = 64
"""Of text that are written in the time of one node."""

_SLICE = _MANY * _CHARACTERS


def loads(text: str | bytes) -> Any:
    """Return what ``text`` says, as `json.loads`; a large one with hooks, at which others run."""
    if len(text) < LARGE_BYTES:
        return json.loads(text)
    return json.loads(text, object_hook=_as_it_is, parse_int=_whole, parse_float=_real)


def text_of(value: Any) -> str:
    """Return ``value`` as JSON, exactly as `json.dumps` does."""
    return _written(value) if is_small(value) else "".join(_pieces(value))


_written = json.JSONEncoder().encode
"""What `json.dumps` does where nothing else is asked of it, which it looks at each time."""


def _pieces(value: Any) -> Iterator[str]:
    """Yield the text of ``value``, each piece written in one step."""
    if is_small(value):
        yield json.dumps(value)
    elif isinstance(value, str):
        slices = (value[at : at + _SLICE] for at in range(0, len(value), _SLICE))
        yield from ('"', *(json.dumps(part)[1:-1] for part in slices), '"')
    elif isinstance(value, dict):
        yield from _pieces_of_dict(value)
    else:
        yield from _pieces_of_list(value)


def _pieces_of_dict(items: dict[str, Any]) -> Iterator[str]:
    pairs = iter(items.items())
    opening = "{"
    while some := dict(islice(pairs, _ITEMS)):
        yield opening
        opening = ", "
        if is_small(some):
            yield json.dumps(some)[1:-1]
            continue
        for number, (key, item) in enumerate(some.items()):
            yield f"{', ' if number else ''}{json.dumps({key: 0})[1:-4]}: "
            yield from _pieces(item)
    yield "}"


def _pieces_of_list(items: Sequence[Any]) -> Iterator[str]:
    opening = "["
    for first in range(0, len(items), _ITEMS):
        yield opening
        opening = ", "
        some = items[first : first + _ITEMS]
        if is_small(some):
            yield json.dumps(some)[1:-1]
            continue
        for number, item in enumerate(some):
            yield ", " if number else ""
            yield from _pieces(item)
    yield "]"


def is_small(value: Any) -> bool:
    """Tell whether ``value`` has so little in it that it is written at once."""
    left = _MANY
    pending: list[Collection[Any]] = [(value,)]
    while pending:
        items = pending.pop()
        left -= len(items)
        for item in items if left >= 0 else ():
            kind = type(item)
            if kind is str:  # as most are
                left -= len(item) // _CHARACTERS
            elif kind in _BRIEF:
                continue
            elif kind is dict or isinstance(item, dict):
                left -= len(item)
                pending.append(item.values())
            elif isinstance(item, (list, tuple)):
                pending.append(item)
            elif isinstance(item, str):
                left -= len(item) // _CHARACTERS
            elif is_record(item):
                pending.append(fields_of(item).values())
        if left < 0:
            return False
    return True


def is_record(value: Any) -> bool:
    """Tell whether ``value`` is a record, whose fields stand for it in JSON."""
    return is_dataclass(value) and not isinstance(value, type)


def fields_of(record: Any) -> dict[str, Any]:
    """Return the fields of a record, as they are."""
    return {each.name: getattr(record, each.name) for each in fields(record)}


_BRIEF = frozenset({type(None), bool, int, float})
"""What most items are, of which nothing else has to be asked."""


def _as_it_is(node: dict[str, Any]) -> dict[str, Any]:
    return node


def _whole(text: str) -> int:
    return int(text)


def _real(text: str) -> float:
    return float(text)
