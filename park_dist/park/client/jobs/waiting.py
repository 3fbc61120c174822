"""Waiting for several jobs at once, as `concurrent.futures` does for futures.

The jobs may be of several services, and thousands: each service is asked about all of them
together, and answers when something has ended.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from park.client.jobs.ends import End, EndListener, HowItEnded, ended_by_now
from park.client.jobs.placeholders import Placeholder
from park.client.jobs.submitted_job import Job
from park.client.jobs.told.standing import why_line
from park.client.jobs.told.waiting_line import WaitingLine
from park.client.jobs.when import Condition
from park.client.submission.seconds import seconds_said
from park.client.voice import of_script
from park.errors import UsageError, as_raised_here

if TYPE_CHECKING:
    from park.client.jobs.standings_there import StandingsThere

__all__ = [
    "ALL_COMPLETED",
    "FIRST_COMPLETED",
    "FIRST_FAILED",
    "DoneAndNotDone",
    "as_completed",
    "line_of",
    "wait",
]

ALL_COMPLETED = "ALL_COMPLETED"
"""Wait until all have ended, however."""

FIRST_COMPLETED = "FIRST_COMPLETED"
"""Wait until one has ended, however."""

FIRST_FAILED = "FIRST_EXCEPTION"  # the name that concurrent.futures has for it
"""Wait until one has failed or was cancelled, or else all have ended."""

_WHENS = frozenset({ALL_COMPLETED, FIRST_COMPLETED, FIRST_FAILED})


class DoneAndNotDone(NamedTuple):
    """The jobs that have ended, however, and those that have not."""

    done: set[Job]
    not_done: set[Job]


def wait(
    jobs: Iterable[Job] | Job, timeout: float | None = None, when: str = ALL_COMPLETED
) -> DoneAndNotDone:
    """Wait for ``jobs`` (or installs), and return those that have ended and those that have not.

    A single one may stand in place of several. ``when`` is `park.ALL_COMPLETED`,
    `park.FIRST_COMPLETED` or `park.FIRST_FAILED`; as in `concurrent.futures` they speak of
    ends, however these are. After ``timeout`` seconds it returns as well. A job that was not
    submitted has ended: its `result` says why. Raises `ServiceUnreachable` where a service does
    not answer for a minute.
    """
    if when not in _WHENS:
        raise UsageError(
            f"when={when!r}: it is park.ALL_COMPLETED, park.FIRST_COMPLETED or park.FIRST_FAILED",
            hint="a condition is waited for by itself: (a.iscompleted | b.iscompleted).wait()",
        )
    timeout = seconds_said(timeout)
    left = _by_id(jobs)
    done: set[Job] = set()
    for end in _ends(list(left.values()), timeout):
        done.add(left.pop(end.handle.id))
        failed = end.how is not HowItEnded.COMPLETED
        if when == FIRST_COMPLETED or (when == FIRST_FAILED and failed):
            break
    return DoneAndNotDone(done, set(left.values()))


def as_completed(jobs: Iterable[Job] | Job, timeout: float | None = None) -> Iterator[Job]:
    """Yield each of ``jobs`` (or installs) when it has ended, however.

    Raises `TimeoutError` where not all have ended ``timeout`` seconds after the call.
    """
    pending, timeout = _by_id(jobs), seconds_said(timeout)
    return _each_completed(pending, None if timeout is None else time.monotonic() + timeout)


def _by_id(jobs: Any) -> dict[str, Job]:
    found = [jobs] if _is_one(jobs) else list(jobs)
    for job in found:
        if not _is_phased(job):
            raise UsageError(f"{job!r} is neither a job nor an install", hint=_meant(job))
    return {job.id: job for job in found}


def _meant(job: object) -> str:
    """Return what may have been meant by ``job``, which is none."""
    if isinstance(job, Condition):
        return "a condition waits by itself: a.iscompleted.wait()"
    if isinstance(job, Placeholder):
        return "what a job will leave waits by itself: .get(); or name the job"
    return ""


def _is_one(jobs: object) -> bool:
    """Tell whether ``jobs`` is one thing, though perhaps not one that can be waited for."""
    if _is_phased(jobs) or isinstance(jobs, (Condition, Placeholder, str)):
        return True
    return not isinstance(jobs, Iterable)


def _is_phased(job: object) -> bool:
    return hasattr(type(job), "iscompleted")  # a reference has a part of any name


def _each_completed(pending: dict[str, Job], deadline: float | None) -> Iterator[Job]:
    count = len(pending)
    timeout = None if deadline is None else deadline - time.monotonic()
    for end in _ends(list(pending.values()), timeout):
        yield pending.pop(end.handle.id)
    if pending:
        raise TimeoutError(f"{len(pending)} (of {count}) jobs have not ended")


def _ends(jobs: list[Any], timeout: float | None) -> Iterator[End]:
    """Yield the ends of ``jobs`` as they come, until ``timeout`` seconds are over."""
    if timeout is not None and timeout <= 0:  # a look: no listener would hear of anything in time
        yield from ended_by_now(jobs)
        return
    deadline = None if timeout is None else time.monotonic() + timeout
    heard: queue.SimpleQueue[End] = queue.SimpleQueue()
    ends = EndListener(heard.put)
    ends.add(jobs)
    line = line_of(jobs)
    try:
        for _ in jobs:
            end = _next(heard, deadline, line)
            if end is None:
                return
            if end.how is HowItEnded.UNKNOWN and end.error is not None:
                raise as_raised_here(end.error)
            yield end
    finally:
        line.end()
        ends.close()


def _next(heard: queue.SimpleQueue[End], deadline: float | None, line: WaitingLine) -> End | None:
    """Return the next end, or None where there is none by then."""
    while True:
        left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
        try:
            end = heard.get(timeout=line.wait_s(left))
        except queue.Empty:
            if deadline is not None and time.monotonic() >= deadline:
                return None
            line.look()
        else:
            line.end()  # who asked prints what has ended
            return end


def line_of(jobs: list[Any]) -> WaitingLine:
    """Return what is said of ``jobs`` while they are waited for."""
    voice = jobs[0].connection.transport.voice if jobs else of_script()
    if len(jobs) == 1 and isinstance(jobs[0], Job):
        return WaitingLine(voice, partial(why_line, jobs[0].transport, jobs[0].id))
    known = [job for job in jobs if isinstance(job, Job)]  # an install draws what it does
    return WaitingLine(voice, _standings_of(known))


def _standings_of(jobs: list[Job]) -> Callable[[], str]:
    """Return what asks how many of ``jobs`` are in which state."""
    there: StandingsThere | None = None

    def line() -> str:
        nonlocal there
        if there is None:
            from park.client.jobs.standings_there import StandingsThere  # where it lasts

            there = StandingsThere(jobs)
        standings = there.asked()
        counts = ", ".join(f"{count:,} {state}" for state, count in standings.counts)
        return f"{len(standings.states):,} jobs: {counts}" if counts else ""

    return line
