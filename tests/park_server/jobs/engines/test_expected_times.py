"""How long a job is expected to take."""

from __future__ import annotations

from typing import Any

import pytest

from park.model.asked.resources import Resources
from park.wire import JobRequest
from park_server.jobs.engines.expected_times import ExpectedTimes


def request(**facts: Any) -> JobRequest:
    return JobRequest(id="j", entry_point="m:fit", call={"args": [], "kwargs": {}}, **facts)


@pytest.mark.parametrize(
    ("facts", "taken", "expected"),
    [
        ({}, [], None),
        ({"timeout_s": 60.0}, [], 60.0),
        ({}, [1.0, 100.0, 3.0], 3.0),
        ({"timeout_s": 60.0}, [7.0], 7.0),
        ({"resources": Resources(walltime_s=7200.0)}, [7.0], 7200.0),
        ({}, [1000.0] * 9 + [1.0] * 9, 1.0),
    ],
)
def test_what_it_says_counts_before_what_earlier_ones_took(
    facts: dict[str, Any], taken: list[float], expected: float | None
) -> None:
    times = ExpectedTimes()
    for seconds in taken:
        times.note("ada", "m:fit", seconds)
    assert times.of("ada", request(**facts)) == expected


def test_what_another_user_ran_and_another_function_say_nothing() -> None:
    times = ExpectedTimes()
    times.note("bob", "m:fit", 5.0)
    times.note("ada", "m:other", 5.0)
    assert times.of("ada", request()) is None


def test_what_was_called_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("park_server.jobs.engines.expected_times._MOST_NAMES", 2)
    times = ExpectedTimes()
    times.note("ada", "m:fit", 1.0)
    for name in ("m:a", "m:fit", "m:b"):
        times.note("ada", name, 5.0)
    assert times.of("ada", request()) == 3.0
    times.note("ada", "m:c", 5.0)
    times.note("ada", "m:d", 5.0)
    assert times.of("ada", request()) is None
