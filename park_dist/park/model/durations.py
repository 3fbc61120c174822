"""Durations, as people write them."""

from __future__ import annotations

import re

__all__ = ["parse_duration"]

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")


def parse_duration(text: str) -> float:
    """Return the seconds that ``text`` names; raises `ValueError`.

    >>> parse_duration("90d"), parse_duration("12h"), parse_duration("0.5 m")
    (7776000.0, 43200.0, 30.0)
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no duration: expected a number and s, m, h, d or w")
    return float(found[1]) * _UNITS[found[2]]
