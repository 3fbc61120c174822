"""Code objects without the place that they come from, and with it again.

The bytes of a function should be those of its source, wherever in its file that stands: so
file and first line travel apart, as a `Place`, and are only for tracebacks.
"""

from __future__ import annotations

import linecache
import marshal
from collections.abc import Iterator
from types import CodeType
from typing import Any

__all__ = ["PLACED", "code", "nested_in", "packed", "places"]

_NOWHERE = "<script>"

PLACED = -1
"""The number of code that has its own place with it."""

_WITHOUT_REFERENCES = 2
"""The last version of the format whose bytes do not depend on how often a constant is used."""


class _Places:
    """Where the code of this job comes from, by its number."""

    def __init__(self) -> None:
        self._known: list[dict[str, Any]] = []

    def learn(self, places: list[dict[str, Any]]) -> None:
        """Take the places of a call: ``file``, first ``line``, and the ``source`` from there."""
        self._known = places
        for place in places:
            file = place["file"]
            lines = list(linecache.cache.get(file, (0, None, [], file))[2] or [])
            end = place["line"] - 1 + len(place["source"])
            lines += ["\n"] * (end - len(lines))
            lines[place["line"] - 1 : end] = place["source"]
            linecache.cache[file] = (sum(map(len, lines)), None, lines, file)

    def placed(self, code: CodeType, number: int) -> CodeType:
        """Return ``code`` where it was written, if that is known."""
        if not 0 <= number < len(self._known):
            return code
        place = self._known[number]
        return _moved(code, place["file"], place["line"] - code.co_firstlineno)


places = _Places()


def packed(code: CodeType) -> bytes:
    """Return ``code`` as bytes that depend on its source alone."""
    plain = _moved(code, _NOWHERE, 1 - code.co_firstlineno)
    try:
        return marshal.dumps(plain, _WITHOUT_REFERENCES)
    except ValueError:  # a constant that only a newer format has (a slice, since Python 3.14)
        return marshal.dumps(plain)


def code(data: bytes, number: int) -> CodeType:
    """Return the code in ``data``, the ``number``-th of its call; `PLACED` is where it belongs."""
    loaded: CodeType = marshal.loads(data)  # noqa: S302 (see the package: of a job's own call)
    return places.placed(loaded, number)


def nested_in(code: CodeType) -> Iterator[CodeType]:
    """Yield ``code`` and all that is nested in it: functions, classes, comprehensions."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested_in(constant)


def _moved(code: CodeType, file: str, lines: int) -> CodeType:
    constants = tuple(
        _moved(each, file, lines) if isinstance(each, CodeType) else each for each in code.co_consts
    )
    return code.replace(
        co_filename=file, co_firstlineno=max(code.co_firstlineno + lines, 0), co_consts=constants
    )
