"""Telling a person that a service does not answer, while it is tried again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from park.client.voice import say_of_outage
from park.lasting_step import SILENCE_S
from park.model.backoff import Backoff

__all__ = ["Seldom", "Silence"]

_AGAIN = Backoff(first_s=2.0, longest_s=10.0)


class Seldom:
    """A line that stays where it is written: said at once, and then less and less often.

    Many threads may have it to say, and that a service is busy is news only once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._said = 0
        self._next = clock()

    def may_be_said(self) -> bool:
        """Tell whether it may be said now; who asks says it."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                return False
            self._said += 1
            self._next = now + _AGAIN.after(self._said)
            return True


class Silence:
    """Of the service at ``url``: told once, until it has answered again, which is told too.

    Many threads may ask at the same time, and all of them wait for the same answer.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._why = "it has not answered yet"
        self._timer: threading.Timer | None = None
        self._told = False
        self._waiting = 0
        self._after_s = SILENCE_S  # where nobody says after how long

    @contextmanager
    def told_after(self, seconds: float, *, at_once: bool) -> Iterator[Silence]:
        """Tell that a block takes over ``seconds``, counted from its start or a first failure."""
        with self._lock:
            self._after_s = seconds
            self._waiting += 1
        if at_once:
            self._begin()
        try:
            yield self
        finally:
            with self._lock:
                self._waiting -= 1
                if not self._waiting:
                    self._end()

    def because(self, why: str) -> None:
        """Note why there is no answer, and begin to count where nobody does."""
        self._why = why
        self._begin()

    def lasts(self) -> None:
        """Tell at once: whoever noted it has waited for an answer already."""
        with self._lock:
            if self._told:
                return
            self._end()
            self._told = True
        say_of_outage(f"{self._url} does not answer any more; it is asked again (Ctrl-C ends that)")

    def answered(self) -> None:
        """Note that there is an answer; whoever heard that there was none hears that as well."""
        with self._lock:
            was_told = self._told
            self._end()
        if was_told:
            say_of_outage(f"{self._url} answers now")

    def _begin(self) -> None:
        with self._lock:
            if self._timer is not None or self._told:
                return
            self._timer = threading.Timer(self._after_s, self._tell)
            self._timer.daemon = True
            with suppress(RuntimeError):  # the interpreter ends, and starts no more threads
                self._timer.start()

    def _end(self) -> None:
        """Count no more; the lock is held."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._told = None, False

    def _tell(self) -> None:
        with self._lock:
            if self._timer is None or self._told:
                return
            self._told = True
        say_of_outage(f"{self._said()}; it is tried again (Ctrl-C ends that)")

    def _said(self) -> str:
        return self._why if self._url in self._why else f"{self._url}: {self._why}"
