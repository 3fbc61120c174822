"""What a notebook shows of a service: what it says of itself, and your newest jobs there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from park.cards.frame import framed, table
from park.cards.state_look import SIGNS, TINTS
from park.model.states import JobState

if TYPE_CHECKING:
    from park.wire import JobRecord, ServiceRecord

__all__ = ["service_card"]


def service_card(about: ServiceRecord, url: str, jobs: Sequence[JobRecord]) -> str:
    """Return HTML that tells of the service at ``url`` as its user sees it."""
    newest = [
        (f"{SIGNS[job.status]} {job.status}", job.label or job.entry_point, job.id) for job in jobs
    ]
    parts = [table(_rows(about))]
    if newest:
        parts.append(table(newest, head=("newest jobs", "", "")))
    return framed(f"<strong>{escape(url)}</strong>", *parts, tint=TINTS[JobState.COMPLETED])


def _rows(about: ServiceRecord) -> Iterator[tuple[str, str]]:
    yield "version", about.version
    yield "you are", about.user
    yield "Python", ", ".join(about.pythons)
    yield "environments", about.environments_line
    yield "jobs", about.isolation_line
    yield "releases from", about.upstream or "this service alone"
