"""Why a fit ends before its fitter is done; threads and signals are real ones."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest
from support.session.limits import LIMIT_S

from park.fitting.early_end import ASKED, CANCELLED, GOOD_ENOUGH, TIMEOUT, Stop, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_first_reason_stays() -> None:
    stop = Stop(good_enough=1.2, asked=lambda: True)
    assert not stop()
    stop.judge(1.2)
    assert not stop()
    stop.judge(1.1)
    assert stop()
    assert stop.look()
    assert stop.reason == GOOD_ENOUGH


def test_it_looks_at_the_clock_and_at_what_the_job_is_asked() -> None:
    asked = threading.Event()
    stop = Stop(asked=asked.is_set)
    assert not stop.look()
    asked.set()
    assert stop.look()
    assert stop.reason == ASKED
    late = Stop(timeout_s=0.0, asked=asked.is_set)
    assert late.look()
    assert late.reason == TIMEOUT


def loop(*, after: Callable[[], None] = lambda: None) -> None:
    """Loop as bumps' own pt can: without an evaluation, and without a step."""
    after()
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        pass


def test_a_step_that_does_not_end_is_interrupted() -> None:
    stop = Stop(timeout_s=0.0, patience_s=0.05)
    with pytest.raises(Stopped), stop.watching():
        loop()
    assert stop.reason == TIMEOUT


def test_an_exception_of_a_model_is_no_stop() -> None:
    assert not issubclass(Stopped, Exception)  # bumps takes those for a bad point


def test_nothing_is_interrupted_after_the_fit() -> None:
    stop = Stop(asked=lambda: False)
    with stop.watching():
        pass
    stop.because(ASKED)
    assert not [each for each in threading.enumerate() if each.name == "park fit watch"]


def test_a_signal_of_the_service_stops_it_and_does_not_end_the_process() -> None:
    before = signal.getsignal(signal.SIGTERM)
    stop = Stop(asked=lambda: False, patience_s=0.05)
    with pytest.raises(Stopped), stop.watching():
        loop(after=lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert stop.reason == CANCELLED
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_fit_in_a_thread_of_a_program_leaves_its_signals_alone() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), []

    def fit() -> None:
        with Stop(asked=lambda: False).watching():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=fit)
    thread.start()
    thread.join(LIMIT_S)
    assert seen == [before]
