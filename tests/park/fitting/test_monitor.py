"""The steps of a fit: counted, the best one kept, and reported a few times each second."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from park.fitting import monitor as monitor_module
from park.fitting.early_end import GOOD_ENOUGH, Stop
from park.fitting.monitor import Monitor


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    told: list[Any] = []
    monkeypatch.setattr(
        monitor_module, "progress", lambda *what, **more: told.append((*what, more))
    )
    return told


def history(step: int, value: float, point: tuple[float, ...] = (0.0,)) -> Any:
    return SimpleNamespace(step=[step], value=[value], point=[point])


def test_it_reports_the_best_so_far_seldom_and_at_the_end(
    monkeypatch: pytest.MonkeyPatch, told: list[Any]
) -> None:
    moments = iter([0.0, 0.1, 0.3, 0.35, 0.4])
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    monitor = Monitor(scale=2.0, total=3, stop=Stop())
    for step, value in enumerate([4.0, 1.0, 2.0, 9.0], start=1):
        monitor(history(step, value, (value,)))
    monitor.report(1.5)
    assert told == [(1, 3, {"chisq": 8.0}), (3, 3, {"chisq": 2.0}), (3, 3, {"chisq": 1.5})]
    assert (monitor.step, monitor.best, monitor.chisq) == (4, [1.0], 2.0)
    assert list(monitor.convergence.step) == [1, 2, 3, 4]
    assert list(monitor.convergence.chisq) == [8.0, 2.0, 2.0, 2.0]


@pytest.mark.usefixtures("told")
def test_the_best_point_is_its_own_copy() -> None:
    monitor, point = Monitor(scale=1.0, total=None, stop=Stop()), [1.0, 2.0]
    monitor(SimpleNamespace(step=[1], value=[4.0], point=[point]))
    point[0] = 7.0
    assert monitor.best == [1.0, 2.0]


@pytest.mark.usefixtures("told")
def test_steps_count_on_where_a_fitter_starts_again() -> None:
    monitor = Monitor(scale=1.0, total=None, stop=Stop())
    counted = []
    for step in (0, 1, 2, 0, 1, 0, 1):
        monitor(history(step, 1.0))
        counted.append(monitor.step)
    assert counted == [0, 1, 2, 2, 3, 3, 4]


@pytest.mark.usefixtures("told")
def test_a_chisq_that_is_good_enough_stops_it() -> None:
    stop = Stop(good_enough=1.2)
    monitor = Monitor(scale=2.0, total=None, stop=stop)
    monitor(history(1, 0.6))
    assert stop.reason is None
    monitor(history(2, 0.5))
    assert stop.reason == GOOD_ENOUGH


@pytest.mark.usefixtures("told")
def test_the_best_point_is_kept_now_and_then_where_there_is_a_better_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([0.0, 1.0, 6.0, 12.0, 13.0, 18.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    kept: list[Any] = []
    keep = lambda monitor: kept.append(monitor.best)  # noqa: E731 (a name for it says no more)
    monitor = Monitor(scale=1.0, total=None, stop=Stop(), keep=keep)
    for value in (4.0, 3.0, 3.0, 2.0, 2.0):
        monitor(history(1, value, (value,)))
    assert kept == [[3.0], [2.0]]


def test_before_its_first_step_there_is_no_number(told: list[Any]) -> None:
    monitor = Monitor(scale=1.0, total=None, stop=Stop())
    monitor.report(monitor.chisq)
    monitor.report(None)
    assert told == [(0, None, {"chisq": None})] * 2
