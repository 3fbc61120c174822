"""Durations, as people write and read them."""

from __future__ import annotations

import re

__all__ = ["parse_duration", "report_age", "shown_duration"]

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


_WORTH_SAYING_S = 60.0
"""Less is a step that takes its time."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def report_age(age_s: float | None) -> str:
    """Return ``last report 12 min ago``; nothing of one that is recent, or where there is none.

    >>> report_age(754.0), report_age(7_300.0), report_age(59.0)
    ('last report 12 min ago', 'last report 2 h 1 min ago', '')
    """
    if age_s is None or age_s < _WORTH_SAYING_S:
        return ""
    return f"last report {_ago(int(age_s))} ago"


def shown_duration(seconds: float) -> str:
    """Return a length of time for people.

    >>> shown_duration(300.0), shown_duration(90_000.0), shown_duration(5.0)
    ('5 min', '1 d 1 h', '5 s')
    >>> shown_duration(0.793379), shown_duration(0.0421), shown_duration(59.96)
    ('0.79 s', '0.042 s', '60 s')
    """
    return _ago(int(seconds)) if seconds >= _MINUTE else f"{seconds:.2g} s"


def _ago(seconds: int) -> str:
    if seconds >= _DAY:
        return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"
    if seconds >= _HOUR:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{seconds // _MINUTE} min"
