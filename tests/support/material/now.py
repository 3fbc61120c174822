"""What goes on at a service, as it tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from park.wire import JobLine, NowRecord, PoolRecord

__all__ = ["line", "now"]


def line(name: str, status: str, **facts: Any) -> JobLine:
    """Return a job as lists have it."""
    known = {"label": f"label of {name}", "entry_point": "m:f", "kind": "call"}
    known |= {"submitted": "2026-11-27T12:00:00Z"}
    return JobLine(id=name, status=status, **(known | facts))


def now(
    *,
    running: Sequence[JobLine] = (),
    waiting: Sequence[JobLine] = (),
    failed: Sequence[JobLine] = (),
    ended: Sequence[JobLine] = (),
) -> NowRecord:
    """Return a service with those jobs, of whose slots one is taken."""
    every = [*running, *waiting, *failed, *ended]
    counts: dict[str, int] = {}
    for job in every:
        counts[job.status] = counts.get(job.status, 0) + 1
    return NowRecord(
        counts=counts,
        slots=4,
        slots_taken=1,
        pools=[PoolRecord(name="beamtime", size=2, taken=2)],
        running=list(running),
        waiting=list(waiting),
        failed=list(failed),
        ended=list(ended),
    )
