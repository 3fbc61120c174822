"""Jobs as a table for people: a line for each, the newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from park.drawing.progress_text import progress_text
from park.drawing.race_text import race_text
from park.drawing.tree import one_line, shortened
from park.model.conditions import brief
from park.wire import JobRecord

__all__ = ["duration", "job_table"]

_HEADS = ("JOB", "STATE", "LABEL", "AGE", "TIME", "WHERE", "")
_WIDEST_LABEL = 48
_TO_THE_RIGHT = frozenset({3, 4})
"""The columns of figures."""

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def job_table(
    records: Iterable[tuple[str, JobRecord]], now: datetime, *, ellipsis: str = "…"
) -> list[str]:
    """Return the lines: a head, and one for each of ``records``, which come with their service.

    ``now`` is aware; an age is that of the submission. Without any there is no line.
    """
    jobs = list(records)
    labels = _told_apart([record for _, record in jobs])
    rows = [
        _cells(where, record, label, now)
        for (where, record), label in zip(jobs, labels, strict=True)
    ]
    return _aligned([_HEADS, *rows], ellipsis) if rows else []


def _told_apart(records: Sequence[JobRecord]) -> list[str]:
    """Return the label of each; calls of functions of one name have their modules before them.

    Who compares models has a ``fit`` in each: ``film:fit(d17.txt)``, ``bilayer:fit(d17.txt)``.
    """
    modules: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        if _is_call(record):
            module, _, function = record.entry_point.rpartition(":")
            modules[function].add(module)

    def label(record: JobRecord) -> str:
        if _is_call(record):
            module, _, function = record.entry_point.rpartition(":")
            if len(modules[function]) > 1:
                return f"{module}:{record.label}"
        return record.label or record.entry_point

    return list(map(label, records))


def _is_call(record: JobRecord) -> bool:
    """Tell whether the label is the call, and not what somebody called the job."""
    function = (record.entry_point or "").rpartition(":")[2]
    return bool(function) and (record.label or "").startswith(f"{function}(")


def _cells(where: str, record: JobRecord, label: str, now: datetime) -> tuple[str, ...]:
    return (
        brief(record.id),
        record.status,
        shortened(one_line(label), _WIDEST_LABEL),
        duration(now - datetime.fromisoformat(record.submitted)),
        _time(record, now),
        where,
        _note(record),
    )


def _time(record: JobRecord, now: datetime) -> str:
    """Return how long a job ran, or has run by ``now``."""
    if record.started is None:
        return "-"
    end = now if record.finished is None else datetime.fromisoformat(record.finished)
    return duration(end - datetime.fromisoformat(record.started))


def duration(span: timedelta) -> str:
    """Return a length of time in its largest unit: ``1.9 s``, ``4 min``, ``2 h``, ``11 d``."""
    seconds = max(span.total_seconds(), 0.0)
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.1f} s"


def _note(record: JobRecord) -> str:
    """Return whether a job is pinned, how far it is, or why it has failed or was cancelled."""
    return "  ".join(filter(None, ("pinned" if record.pinned else "", _progress(record))))


def _progress(record: JobRecord) -> str:
    if record.error:
        return one_line(record.error)
    if record.race is not None:
        return one_line(race_text(record.race))
    return "" if record.status.is_final else one_line(progress_text(record.progress))


def _aligned(rows: Sequence[tuple[str, ...]], ellipsis: str) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            f"{text:>{width}}" if place in _TO_THE_RIGHT else f"{text:<{width}}"
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return [line.rstrip().replace("…", ellipsis) for line in lines]
