"""What a job reported of its progress, as columns that a plot takes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from park_server.page.seen_records import ProgressSeries

__all__ = ["MOST_BYTES", "series_of"]

MOST_BYTES = 8 << 20
"""Of a file of reports that is read: its end, some 80,000 of them."""

_MOST_POINTS = 1_000
_MOST_VALUES = 40
_LONGEST_LINE = 65_536


def series_of(content: bytes, *, is_end: bool = False) -> ProgressSeries:
    """Return the reports in ``content``, lines of JSON that a job wrote: it may write anything.

    ``is_end``: it is the end of a file, and its first line may be a part of one.
    """
    lines = content.splitlines(keepends=True)[1 if is_end else 0 :]
    reports = [report for line in lines if (report := _report(line)) is not None]
    shown = _thinned(reports)
    names = list(dict.fromkeys(name for each in shown for name in _values(each)))[:_MOST_VALUES]
    columns = {name: [_number(_values(each).get(name)) for each in shown] for name in names}
    return ProgressSeries(
        reports=len(reports),
        time=[float(each["time"]) for each in shown],
        done=[_number(each.get("done")) for each in shown],
        total=[_number(each.get("total")) for each in shown],
        values={name: column for name, column in columns.items() if _has_numbers(column)},
    )


def _has_numbers(column: Iterable[float | None]) -> bool:
    return any(point is not None for point in column)


def _report(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n") or len(line) > _LONGEST_LINE:
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_report = isinstance(found, dict) and _number(found.get("time")) is not None
    return found if is_report else None


def _values(report: dict[str, Any]) -> dict[str, Any]:
    values = report.get("values")
    return values if isinstance(values, dict) else {}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _thinned(reports: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Return about as many as a plot has points, evenly, and always the last."""
    if len(reports) <= _MOST_POINTS:
        return reports
    step = len(reports) / _MOST_POINTS
    chosen: Iterable[int] = (int(number * step) for number in range(_MOST_POINTS))
    return [*(reports[each] for each in chosen), reports[-1]]
