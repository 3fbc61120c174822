"""Why a fit ends before its fitter is done, and how: between steps, and with its best point."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from park.jobside import should_stop

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from types import FrameType

__all__ = ["ASKED", "CANCELLED", "GOOD_ENOUGH", "TIMEOUT", "Stop", "Stopped", "on_termination"]

GOOD_ENOUGH = "good enough"
ASKED = "asked"
TIMEOUT = "timeout"
CANCELLED = "cancelled"

_LOOKS_EVERY_S = 0.2
_PATIENCE_S = 2.0
"""What a step may take after the fit was told to stop; then it is interrupted. A cancelled job
is killed after ten seconds, in which it has to write what it has as well."""


class Stopped(BaseException):
    """Raised in a step that goes on for too long after a stop.

    No `Exception`: bumps takes those of a model for a bad point.
    """


class Stop:
    """Whether a fit has to stop, and why: ``reason`` is one of the above, None while it has not.

    It is what bumps calls between steps as ``abort_test``.
    """

    def __init__(
        self,
        *,
        good_enough: float | None = None,
        timeout_s: float | None = None,
        asked: Callable[[], bool] = should_stop,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self.reason: str | None = None
        self._good_enough = good_enough
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._asked = asked
        self._patience_s = patience_s
        self._over = threading.Event()

    def __call__(self) -> bool:
        """Tell whether to stop."""
        return self.reason is not None

    def because(self, reason: str) -> None:
        """Stop; the first reason stays."""
        self.reason = self.reason or reason

    def judge(self, chisq: float) -> None:
        """Stop where the best point so far is good enough."""
        if self._good_enough is not None and chisq < self._good_enough:
            self.because(GOOD_ENOUGH)

    def look(self) -> bool:
        """Look at the clock and at what was asked of the job; tell whether to stop."""
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self.because(TIMEOUT)
        if self.reason is None and self._asked():
            self.because(ASKED)
        return self()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look a few times each second, and interrupt this thread where a step does not end."""
        fitting = threading.get_ident()
        watch = threading.Thread(
            target=self._watch, args=(fitting,), name="park fit watch", daemon=True
        )
        with on_termination(lambda: self.because(CANCELLED)):
            watch.start()
            try:
                yield
            finally:
                self._over.set()
                watch.join()
                _interrupt(fitting, None)

    def _watch(self, fitting: int) -> None:
        while not self.look():
            if self._over.wait(_LOOKS_EVERY_S):
                return
        if not self._over.wait(self._patience_s):
            _interrupt(fitting, Stopped)


def _interrupt(thread: int, error: type[BaseException] | None) -> None:
    """Have ``error`` raised in ``thread`` as soon as it runs Python; None: not any more."""
    import ctypes

    kind = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)


@contextmanager
def on_termination(stop: Callable[[], None]) -> Iterator[None]:
    """Have SIGTERM, with which a service cancels, call ``stop`` in place of ending the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
