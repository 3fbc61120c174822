"""Hearing of the ends of jobs and installs: of many, on several services, submitted or not yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from park.client.access.long_polls import long_polls
from park.errors import ParkError
from park.model.conditions import InstallIs, JobIs, Phase
from park.model.truth import Truth
from park.wire import VerdictRecord

if TYPE_CHECKING:
    from park.client.connection import Connection
    from park.client.jobs.when import Condition

__all__ = ["End", "Ending", "Ends", "Outcome", "is_confirmed"]


class Ending(Protocol):
    """What ends: a job, a fetch, an install."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def connection(self) -> Connection:
        """The service that it is on."""

    @property
    def iscompleted(self) -> Condition:
        """The condition that it is completed."""

    def confirm(self, timeout: float | None = None) -> object:
        """Wait until the service has it; raises what its submission raised, or `TimeoutError`."""


class Outcome(Enum):
    """How something ended, as far as it can be told."""

    COMPLETED = "completed"
    FAILED = "failed"
    """Or cancelled."""
    NOT_SUBMITTED = "not submitted"
    UNKNOWN = "unknown"
    """Its service does not say."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of something; ``error`` says why it was not submitted, or is not known."""

    thing: Any
    outcome: Outcome
    error: Exception | None = None


class Ends:
    """Tells ``told`` of each end, once, from another thread, until it is closed."""

    def __init__(self, told: Callable[[End], object]) -> None:
        self._told = told
        self._open = True
        self._lock = threading.Lock()
        self._unconfirmed: dict[str, list[Ending]] = {}

    def close(self) -> None:
        """Tell no more."""
        self._open = False

    def add(self, things: Iterable[Ending]) -> None:
        """Tell of the ends of ``things`` as well; returns at once.

        What is not submitted yet is waited for in one thread for each service.
        """
        by_service: dict[str, list[Ending]] = {}
        for thing in things:
            by_service.setdefault(thing.connection.transport.address.url, []).append(thing)
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
                things = self._unconfirmed[url]
                if not things or not self._open:
                    del self._unconfirmed[url]
                    return
                self._unconfirmed[url] = []
            ready: list[Ending] = []
            for thing in things:
                if not is_confirmed(thing):
                    self._follow(ready)
                    ready = []
                error = _submission_error(thing)
                if error is None:
                    ready.append(thing)
                else:
                    self._tell(End(thing, Outcome.NOT_SUBMITTED, error))
            self._follow(ready)

    def _follow(self, things: list[Ending]) -> None:
        if things:
            leaves = [(_leaf(thing), partial(self._decided, thing)) for thing in things]
            address = things[0].connection.transport.address
            long_polls(address).follow(leaves, wanted=lambda: self._open)

    def _decided(self, thing: Ending, verdict: VerdictRecord | ParkError) -> None:
        if isinstance(verdict, ParkError):
            self._tell(End(thing, Outcome.UNKNOWN, verdict))
        else:
            completed = verdict.truth == Truth.TRUE
            self._tell(End(thing, Outcome.COMPLETED if completed else Outcome.FAILED))

    def _tell(self, end: End) -> None:
        if self._open:
            self._told(end)


def is_confirmed(thing: Ending) -> bool:
    """Tell whether nothing is to be waited for, be it submitted or not."""
    try:
        thing.confirm(0)
    except TimeoutError:
        return False
    except Exception:  # noqa: BLE001 (it is told as such; see `_submission_error`)
        return True
    return True


def _submission_error(thing: Ending) -> Exception | None:
    try:
        thing.confirm()
    except Exception as error:  # noqa: BLE001 (raised where the result is asked for)
        return error
    return None


def _leaf(thing: Ending) -> dict[str, Any]:
    """Return the leaf that is true when ``thing`` is completed, and never when it cannot be."""
    match thing.iscompleted.expression:
        case JobIs(job=name):
            return {"job": name, "is": str(Phase.COMPLETED)}
        case InstallIs(install=name):
            return {"install": name, "is": str(Phase.COMPLETED)}
        case other:
            raise AssertionError(other)
