"""What a service takes of the encoded arguments of a call: checked once, where they come in.

Whatever reads them later may recurse, and finds in each node what its kind has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from park.digests import is_sha256
from park.errors import UsageError
from park.model.references import NODE, Reference
from park.runtime.codec import TAG
from park.runtime.levels import MOST_LEVELS

__all__ = ["MOST_NODES", "check_value", "references_of_call"]

MOST_NODES = 1_000_000
"""Values in the arguments of one job: more than that is data, for an array or a file."""

_MOST_MODULES = 1_000
"""Modules that are imported ahead of a function."""

_LONGEST_NAME = 4_096
"""Characters of a file's name or a type's: as a path on Linux (PATH_MAX)."""


def references_of_call(call: Any) -> list[Reference]:
    """Return the references among the arguments of ``call``, each once, in their order.

    Raises `UsageError` that says what of it no service takes.
    """
    if not isinstance(call, dict) or not isinstance(call.get("args", []), list):
        raise UsageError('a call is an object with "args", a list, and "kwargs", an object')
    if not isinstance(call.get("kwargs", {}), dict):
        raise UsageError('the "kwargs" of a call are an object')
    _check_function(call)
    found: dict[Reference, None] = {}
    if TAG not in call:
        with suppress(_NotPlainError):
            _gather(call.values(), MOST_LEVELS + 1, found, MOST_NODES - 3 - len(call))
            return list(found)
        found.clear()
    # its own two levels are not its values'
    for node in _nodes(call, MOST_LEVELS + 2, "the arguments are", most=MOST_NODES):
        if node[TAG] == NODE:
            found[Reference.from_json(node)] = None
    return list(found)


class _NotPlainError(Exception):
    """What is not told in one look, or is no argument: `_nodes` goes through it, and says what."""


def _gather(items: Collection[Any], below: int, found: dict[Reference, None], most: int) -> int:
    """Add the references among ``items`` to ``found``; return how many of ``most`` values are left.

    What most calls are has all been looked at then: values that JSON has, at most ``below``
    levels of them, and references to the whole of what jobs here leave.
    """
    kinds = {*map(type, items)}
    if float in kinds and not all(map(math.isfinite, _of_type(float, items))):
        raise _NotPlainError
    if kinds.isdisjoint(_CONTAINERS):
        return most
    if not below:
        raise _NotPlainError
    for item in items:
        kind = type(item)
        if kind not in _CONTAINERS:
            continue
        most -= 1 + len(item)
        if most < 0:
            raise _NotPlainError
        if kind is list:
            most = _gather(item, below - 1, found, most)
        elif TAG not in item:
            most = _gather(item.values(), below - 1, found, most)
        elif item[TAG] == NODE and item.keys() == _WHOLE_HERE:
            found[Reference.from_json(item)] = None
        else:
            raise _NotPlainError
    return most


_WHOLE_HERE = {TAG, "job", "what"}


def _check_function(call: Mapping[str, Any]) -> None:
    """Raise `UsageError` where what is called by value, or where that comes from, is no such."""
    function = call.get("function")
    if function is not None and not (
        isinstance(function, dict) and function.get(TAG) == "function"
    ):
        raise UsageError('the "function" of a call is a function that travels by value')
    places = call.get("places", [])
    if not isinstance(places, list) or not all(map(_is_place, places)):
        raise UsageError('the "places" of a call each have a "file", a "line" and a "source"')


def _is_place(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("file"), str)
        and _is_whole(value.get("line"))
        and value["line"] >= 0
        and isinstance(value.get("source"), list)
        and all(isinstance(line, str) for line in value["source"])
    )


def check_value(document: Any, what: str) -> None:
    """Raise `UsageError` where ``document`` is no encoded value; ``what`` names it for people."""
    for _ in _nodes(document, MOST_LEVELS, f"{what} is"):
        pass


_CONTAINERS = frozenset({list, dict})


def _nodes(
    document: Any, levels: int, what: str, most: int | None = None
) -> Iterator[Mapping[str, Any]]:
    """Yield the nodes of the codec in ``document``, depth first, each checked; all else is, too.

    ``most`` are the values that it may have. Each list and object is gone through once, by the
    types of what is in it: most hold text and numbers alone, and are done with then.
    """
    pending: list[Any] = [[document]]  # in a list, so that its own number is looked at
    left = [levels + 1]  # below each of them
    checked = 0
    while pending:
        node, below = pending.pop(), left.pop() - 1
        checked += 1 + len(node)
        if most is not None and checked > most:
            raise UsageError(
                f"the arguments have over {most} values",
                hint="pass a numpy array, or write a file and pass park.File(path)",
            )
        items = node
        if type(node) is dict:
            if TAG in node:
                _check_node(node)
                yield node
            items = node.values()
        kinds = {*map(type, items)}
        if float in kinds and not all(map(math.isfinite, _of_type(float, items))):
            raise UsageError(
                f"{what} with a number that JSON has not",
                hint=f'nan and inf are {{"{TAG}": "float", "value": "nan"}} and the like',
            )
        if kinds.isdisjoint(_CONTAINERS):
            continue
        if not below:
            raise UsageError(
                f"{what} nested over {MOST_LEVELS} levels",
                hint="write it to a file, and pass park.File(path)",
            )
        inner = [item for item in items if type(item) in _CONTAINERS]
        pending += inner[::-1]
        left += [below] * len(inner)


def _of_type(kind: type[Any], items: Iterable[Any]) -> list[Any]:
    return [item for item in items if type(item) is kind]


def _check_node(node: Mapping[str, Any]) -> None:
    """Raise `UsageError` where a node is of no kind, or lacks what those of its kind have."""
    kind = node[TAG]
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        known = ", ".join(sorted({*_FIELDS, NODE}))
        raise UsageError(f"a value of unknown kind {_shown(kind)}", hint=f"the kinds are {known}")
    for name, is_right in fields.items():
        if name not in node:
            raise UsageError(f'a {kind} without "{name}"')
        if not is_right(node[name]):
            raise UsageError(f'the "{name}" of a {kind} cannot be {_shown(node[name])}')


_MOST_SHOWN = 60


def _shown(value: Any) -> str:
    """Return ``value`` for a line, in ASCII and cut."""
    text = ascii(value) if isinstance(value, str) else f"a {type(value).__name__}"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


_Check = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    """Tell whether a file can be called ``value``; bytes that are no UTF-8 are escaped in it."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME or "\0" in value:
        return False
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _is_file_name(value: Any) -> bool:
    return _is_name(value) and "/" not in value and value not in {".", ".."}


def _is_items(value: Any) -> bool:
    return isinstance(value, list)


def _is_pairs(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(x, list) and len(x) == 2 for x in value)  # noqa: PLR2004 (pairs)


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and is_sha256(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_body(value: Any) -> bool:
    return isinstance(value, dict) and value.get(TAG) in {"bytes", "file"}


def _is_modules(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_module, value)) and len(value) <= _MOST_MODULES


def _is_module(value: Any) -> bool:
    return isinstance(value, str) and all(part.isidentifier() for part in value.split("."))


def _is_anything(value: Any) -> bool:
    del value
    return True


_FIELDS: dict[str, dict[str, _Check]] = {
    "tuple": {"items": _is_items},
    "set": {"items": _is_items},
    "frozenset": {"items": _is_items},
    "dict": {"items": _is_pairs},
    "int": {"hex": _is_text},
    "float": {"value": _is_text},
    "complex": {"real": _is_anything, "imag": _is_anything},
    "bytes": {"base64": _is_text},
    "datetime": {"iso": _is_text},
    "date": {"iso": _is_text},
    "timedelta": {"days": _is_whole, "seconds": _is_whole, "microseconds": _is_whole},
    "path": {"value": _is_text},
    "file": {"sha256": _is_digest, "name": _is_file_name},
    "service-file": {"path": _is_name},  # and ``or_text``, where it is true
    "selected": {"value": _is_anything, "path": _is_pairs},
    "ndarray": {"npy": _is_text},
    "numpy-scalar": {"npy": _is_text},
    "pickle": {"base64": _is_text, "set_hash": _is_text, "type": _is_text},
    "function": {
        "type": _is_text,
        "set_hash": _is_text,
        "sha256": _is_digest,
        "modules": _is_modules,
        "value": _is_body,
    },
    NODE: {},  # `Reference.from_json` is its check
}
"""The fields that `park.runtime.codec` reads of each kind of node."""
