"""Why a job that somebody waits for has not started: told once it lasts, and when it changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from park.errors import ParkError
from park.model.ids import brief
from park.model.states import JobState
from park.wire import API

if TYPE_CHECKING:
    from park.client.access.transport import Transport
    from park.wire import JobRecord, WhyRecord

__all__ = ["Standing", "waits_for", "why_line"]

_FIRST_S = 1.0
"""How long a job may wait without a word."""

_AGAIN_S = 2.0
"""Between two looks: a queue of jobs that take a second each moves that fast."""

_NOT_STARTED = frozenset({JobState.WAITING, JobState.QUEUED})


class Standing:
    """Tells the voice of ``transport`` what the job ``id`` waits for."""

    def __init__(
        self,
        transport: Transport,
        id: str,  # noqa: A002 (the field's name)
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._id = id
        self._clock = clock
        self._next = clock() + _FIRST_S
        self._told: str | None = None
        self._has_begun = False

    def wait_s(self, status: JobState | None, longest: float) -> float:
        """Return how long the service may be asked to wait before there is to be a word."""
        if not self._transport.voice.is_heard or (status and status not in _NOT_STARTED):
            return longest
        return min(longest, max(self._next - self._clock(), 0.1))

    def begun(self) -> None:
        """Hear that it has written something, or ended: it waits no more."""
        self._has_begun = True
        self._transport.voice.clear()

    def look(self, status: JobState | None) -> None:
        """Tell why the job, whose last known state is ``status``, has not started."""
        voice = self._transport.voice
        if self._has_begun or not voice.is_heard:
            return
        if status is not None and status not in _NOT_STARTED:
            if status.is_final or not voice.shows_in_place:
                voice.clear()
            else:
                voice.show(f"job {brief(self._id)} is {status}")
            return
        if self._clock() < self._next:
            return
        self._next = self._clock() + _AGAIN_S
        try:
            record = _why(self._transport, self._id)
        except ParkError:  # the request that waits tells what is wrong
            return
        if record.status not in _NOT_STARTED:
            self.begun()
        elif record.line and record.line != self._told:
            self._told = record.line
            voice.show(_said(self._id, record))


def why_line(
    transport: Transport,
    id: str,  # noqa: A002 (the field's name)
) -> str:
    """Return how the job ``id`` stands, and why it does not run; raises as any request does."""
    return _said(id, _why(transport, id))


def waits_for(transport: Transport, record: JobRecord) -> str | None:
    """Return what keeps a job from starting, None of one that has; raises as any request does."""
    return _why(transport, record.id).line if record.status in _NOT_STARTED else None


def _why(transport: Transport, job: str) -> WhyRecord:
    from park.wire import WhyRecord, decode  # where somebody waits

    return decode(WhyRecord, transport.json("GET", f"{API}/jobs/{job}/why"))


def _said(job: str, record: WhyRecord) -> str:
    waits = record.status in _NOT_STARTED and record.line
    return f"job {brief(job)} is {record.status}{f': {record.line}' if waits else ''}"
