"""What a page shows of an output, held against what was printed here.

Ids, hashes, moments, sizes, durations and versions are others each time. What a page calls an id
is bound to what has its place here, and has to stand for the same from then on; numbers have to
be the same to three digits, and all else to the letter. "…" stands for anything, and a line that
the page does not show may come in between.
"""

from __future__ import annotations

import calendar
import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["here", "not_found"]

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_HEX = (
    r"(?:(?<=\+t)|(?<=…)|(?<![\w.+-]))(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f]|(?<=…))[0-9a-f]{6,64}(?!\w)"
)
_NAME = re.compile(f"{_UUID}|{_HEX}")
_ANY_NAME = re.compile(rf"{_UUID}|(?:(?<=\+t)|(?<![\w.+-]))[0-9a-f]{{6,64}}(?!\w)")
"""The same, and what could be a number: it is an id where the page has called one so."""

_MOMENT = (
    r"(?:\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?"
    rf"|\d\d?\ (?:{'|'.join(calendar.month_name[1:])}))"
)
_PIECES = re.compile(
    rf"""(?P<name>{_UUID}|{_HEX})
    | (?P<moment>{_MOMENT})
    | (?P<quantity>\d+(?:\.\d+)?\ ?(?:ms|s|min|h|d|B|KiB|MiB|GiB)\b)
    | (?P<version>\d+\.\d+\.\d+(?:\.\d+)*)
    | (?P<number>-?\d+\.\d+(?:e-?\d+)?)
    | (?P<space>\s+)
    | (?P<any>…)
    | (?P<rest>.)""",
    re.VERBOSE,
)
_TAKES = {
    "name": f"({_UUID}|[0-9a-f]{{6,64}})",
    "moment": _MOMENT,
    "quantity": r"(?:-|\d+(?:\.\d+)?\s?(?:ms|s|min|h|d|B|KiB|MiB|GiB)\b)",
    "version": r"\d+(?:\.\w+)+",
    "number": r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)",
    "space": r"\s+",
    "any": r".*",
}
_SAME = 1e-3


def here(text: str, names: Mapping[str, str]) -> str:
    """Return ``text`` of a page with what its names stand for here."""
    words = [re.escape(name) for name in names if not _NAME.fullmatch(name)]
    if words:
        either = re.compile("|".join(rf"(?<!\w){word}(?!\w)" for word in words))
        text = either.sub(lambda found: names[found[0]], text)
    return _ANY_NAME.sub(lambda found: _known(found[0], names) or found[0], text)


def not_found(shown: Iterable[str], said: str, names: dict[str, str]) -> str | None:
    """Return the first line that was not printed, None if all were, in this order.

    ``names`` gets what ids of the page stand for.
    """
    rest = iter(said.splitlines())
    for line in shown:
        if line.strip(" …") and not any(_is_like(line, each, names) for each in rest):
            return line
    return None


def _known(name: str, names: Mapping[str, str]) -> str | None:
    if name in names:
        return names[name]
    for longer, value in names.items():
        if _NAME.fullmatch(longer):
            if longer.endswith(name):
                return value[-len(name) :]
            if longer.startswith(name):
                return value[: len(name)]
    return None


def _is_like(shown: str, said: str, names: dict[str, str]) -> bool:
    pieces = list(_PIECES.finditer(shown.strip()))
    taken = [(str(piece.lastgroup), piece[0]) for piece in pieces]
    pattern = "".join(_TAKES.get(kind, re.escape(text)) for kind, text in taken)
    found = re.fullmatch(pattern, said.strip())
    if found is None:
        return False
    pairs = zip(
        [each for each in taken if each[0] in {"name", "number"}], found.groups(), strict=True
    )
    new: dict[str, str] = {}
    for (kind, text), other in pairs:
        if kind == "number":
            if not math.isclose(float(text), float(other), rel_tol=_SAME):
                return False
        elif (known := _known(text, names | new)) is None:
            new[text] = other
        elif known != other:
            return False
    names |= new
    return True
