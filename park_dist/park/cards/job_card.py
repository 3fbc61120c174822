"""What a notebook shows of a job: one card, which is text as well where nobody draws it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from park.cards.frame import framed, head_of, table
from park.cards.state_look import TINTS
from park.model.durations import report_age, shown_duration
from park.model.sizes import shown_size
from park.model.states import JobState

if TYPE_CHECKING:
    from park.wire import JobRecord

__all__ = ["job_card", "unknown_card"]

_MOST_FILES = 10


def job_card(
    record: JobRecord, *, service: str, waits_for: str | None = None, curve: str = ""
) -> str:
    """Return HTML that tells of a job at ``service``, with nothing in it that the job can draw.

    ``waits_for`` is what keeps it from starting, ``curve`` is HTML: of what it reports.
    """
    head = head_of(record.status, record.label or record.entry_point)
    rows = table(_rows(record, service, waits_for))
    return framed(head, rows, curve, tint=TINTS[record.status])


def unknown_card(job: str, why: str) -> str:
    """Return HTML for a ``job`` of which nothing is to be known now."""
    return f"<p>{escape(job)}: {escape(why)}</p>"


def _rows(record: JobRecord, service: str, waits_for: str | None) -> Iterator[tuple[str, str]]:
    yield "job", f"{record.id} at {service}"
    if waits_for:
        yield "waits for", waits_for
    if record.error:
        yield "why", record.error
    if record.progress and record.status is JobState.RUNNING:
        yield "progress", _progress(record.progress)
    if record.memoized_from:
        yield "memoized", f"run {record.memoized_from}"
    if record.started and record.finished:
        yield "ran for", shown_duration(_seconds(record.started, record.finished))
    elif record.started:
        yield "since", record.started
    if record.asked_for:
        yield "asked for", record.asked_for
    if record.files:
        yield "files", _files(record)


def _progress(report: dict[str, Any]) -> str:
    """Say it in words, as far as it is a report: a job may have written anything there."""
    done, total, age_s = report.get("done"), report.get("total"), report.get("age_s")
    named = report.get("values")
    said = named.items() if isinstance(named, dict) else ()
    values = (f"{name} {_figure(value)}" for name, value in said)
    steps = f"{done} of {total}" if total else ""
    age = report_age(age_s) if isinstance(age_s, (int, float)) else ""
    return ", ".join(filter(None, [steps, *values, age]))


def _figure(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _seconds(started: str, finished: str) -> float:
    begun, ended = (datetime.fromisoformat(moment) for moment in (started, finished))
    return (ended - begun).total_seconds()


def _files(record: JobRecord) -> str:
    shown = [f"{file.name} ({shown_size(file.size)})" for file in record.files[:_MOST_FILES]]
    more = len(record.files) - _MOST_FILES
    return ", ".join([*shown, *([f"and {more} more"] if more > 0 else [])])
