"""Two texts, compared line by line and number by number."""

from __future__ import annotations

import re

from park.model.parity.comparison import Comparison

__all__ = ["compare_line", "compare_text"]

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)")
"""A number as programs print it; a part of a word (`x1`) is one as well, and compared as such."""


def compare_text(there: str, here: str, where: str, found: Comparison) -> None:
    """Compare two texts: the same lines, but for numbers that the tolerance covers."""
    lines = there.splitlines(), here.splitlines()
    for number, pair in enumerate(zip(*lines, strict=False), 1):
        compare_line(*pair, f"{where}, line {number}", found)
    if len(lines[0]) != len(lines[1]):
        found.differs(where, *(f"{len(each)} lines" for each in lines))


def compare_line(there: str, here: str, where: str, found: Comparison) -> None:
    """Compare two lines: the words must be the same, whole numbers too."""
    if there == here:
        return
    if _words(there) != _words(here):
        found.differs(where, there, here)
        return
    for one, other in zip(_NUMBER.findall(there), _NUMBER.findall(here), strict=True):
        if one.lstrip("+-").isdigit() and other.lstrip("+-").isdigit():
            if _whole(one) != _whole(other):
                found.differs(where, one, other)
        else:
            found.numbers(where, float(one), float(other))


def _whole(text: str) -> tuple[bool, str]:
    """Return a whole number by sign and digits: to read thousands of them is refused by Python."""
    digits = text.lstrip("+-").lstrip("0")
    return text.startswith("-") and bool(digits), digits


def _words(line: str) -> list[str]:
    """Return what stands between the numbers; how columns are aligned is of no matter."""
    return [" ".join(each.split()) for each in _NUMBER.split(line)]
