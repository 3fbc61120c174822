"""Hearing of the ends of jobs and installs: of many, on several services, submitted or not yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from park.client.jobs.phased import Phased
from park.errors import ParkError
from park.model.conditions import Phase
from park.model.truth import Truth, Verdict

__all__ = ["End", "EndListener", "HowItEnded", "ended_by_now", "is_confirmed"]


class HowItEnded(Enum):
    """How a job or an install ended, as far as it can be told."""

    COMPLETED = "completed"
    FAILED = "failed"
    """Or cancelled."""
    NOT_SUBMITTED = "not submitted"
    UNKNOWN = "unknown"
    """Its service does not say."""


_SHOWN = {HowItEnded.COMPLETED: "completed", HowItEnded.FAILED: "failed or cancelled"}

_MOST = 2_000
"""Leaves in one request."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of something; ``error`` says why it was not submitted, or is not known."""

    handle: Phased
    how: HowItEnded
    error: Exception | None = None


class EndListener:
    """Tells ``told`` of each end, once, from another thread, until it is closed."""

    def __init__(self, told: Callable[[End], object]) -> None:
        self._told = told
        self._open = True
        self._lock = threading.Lock()
        self._unconfirmed: dict[str, list[Phased]] = {}

    def close(self) -> None:
        """Tell no more."""
        self._open = False

    def add(self, handles: Iterable[Phased]) -> None:
        """Tell of the ends of ``handles`` as well; returns at once.

        What is not submitted yet is waited for in one thread for each service.
        """
        by_service: dict[str, list[Phased]] = {}
        for handle in handles:
            by_service.setdefault(handle.connection.transport.address.url, []).append(handle)
        for url, theirs in by_service.items():
            with self._lock:
                waiting = self._unconfirmed.get(url)
                if waiting is not None:
                    waiting += theirs
                    continue
                self._unconfirmed[url] = theirs
            confirm = threading.Thread(target=self._confirm, args=(url,), name=f"park ends {url}")
            confirm.daemon = True
            confirm.start()

    def _confirm(self, url: str) -> None:
        """Follow all that is submitted, in order, until there is nothing left to wait for."""
        while True:
            with self._lock:
                handles = self._unconfirmed[url]
                if not handles or not self._open:
                    del self._unconfirmed[url]
                    return
                self._unconfirmed[url] = []
            ready: list[Phased] = []
            for handle in handles:
                if not is_confirmed(handle):
                    self._follow(ready)
                    ready = []
                error = _submission_error(handle)
                if error is None:
                    ready.append(handle)
                else:
                    self._tell(End(handle, HowItEnded.NOT_SUBMITTED, error))
            self._follow(ready)

    def _follow(self, handles: list[Phased]) -> None:
        if handles:
            followed = [
                (handle.leaf(Phase.COMPLETED), partial(self._decided, handle)) for handle in handles
            ]
            handles[0].connection.follow(followed, wanted=lambda: self._open)

    def _decided(self, handle: Phased, verdict: Verdict | ParkError) -> None:
        if isinstance(verdict, ParkError):
            self._tell(End(handle, HowItEnded.UNKNOWN, verdict))
        else:
            self._tell(_end(handle, verdict))

    def _tell(self, end: End) -> None:
        if self._open:
            self._told(end)


def ended_by_now(handles: Iterable[Phased]) -> Iterator[End]:
    """Yield the ends that there are, as each service answers at once; waits for none."""
    submitted: dict[str, list[Phased]] = {}
    for handle in filter(is_confirmed, handles):
        error = _submission_error(handle)
        if error is None:
            submitted.setdefault(handle.connection.url, []).append(handle)
        else:
            yield End(handle, HowItEnded.NOT_SUBMITTED, error)
    for theirs in submitted.values():
        for start in range(0, len(theirs), _MOST):
            yield from _ended_of(theirs[start : start + _MOST])


def _ended_of(handles: Sequence[Phased]) -> Iterator[End]:
    """Ask the one service that has ``handles`` which of them have ended."""
    leaves = [each.leaf(Phase.COMPLETED) for each in handles]
    verdicts = handles[0].connection.verdicts(leaves, 0)
    pairs = zip(handles, verdicts, strict=True)
    return (_end(handle, verdict) for handle, verdict in pairs if verdict.is_decided)


def _end(handle: Phased, verdict: Verdict) -> End:
    """Return the end of ``handle``, whose completion is decided; it remembers that, too."""
    how = HowItEnded.COMPLETED if verdict.truth is Truth.TRUE else HowItEnded.FAILED
    handle._ended_as = _SHOWN[how]  # noqa: SLF001 (what it shows of itself)
    return End(handle, how)


def is_confirmed(handle: Phased) -> bool:
    """Tell whether nothing is to be waited for, be it submitted or not."""
    try:
        handle.confirm(0)
    except TimeoutError:
        return False
    except Exception:  # noqa: BLE001 (it is told as such; see `_submission_error`)
        return True
    return True


def _submission_error(handle: Phased) -> Exception | None:
    try:
        handle.confirm()
    except Exception as error:  # noqa: BLE001 (raised where the result is asked for)
        return error
    return None
