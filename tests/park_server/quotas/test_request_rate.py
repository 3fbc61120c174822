"""How fast users ask: some at once, then as many a second as they may."""

from __future__ import annotations

import pytest
from support.session.stopped_clock import StoppedClock

from park_server.quotas.request_rate import RequestRate


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(10.0)


@pytest.fixture
def rate(clock: StoppedClock) -> RequestRate:
    return RequestRate(clock)


def test_some_seconds_worth_may_come_at_once_and_no_more(rate: RequestRate) -> None:
    assert [rate.wait_s("ada", 2.0) for _ in range(10)] == [0.0] * 10
    assert rate.wait_s("ada", 2.0) == pytest.approx(0.5)
    assert rate.wait_s("bob", 2.0) == 0


def test_whoever_waits_as_told_may_ask_again(rate: RequestRate, clock: StoppedClock) -> None:
    while not (wait_s := rate.wait_s("ada", 4.0)):
        pass
    clock.now += wait_s
    assert rate.wait_s("ada", 4.0) == 0
    assert rate.wait_s("ada", 4.0) > 0


def test_less_than_one_a_second_still_lets_one_through(rate: RequestRate) -> None:
    assert rate.wait_s("ada", 0.01) == 0
    assert rate.wait_s("ada", 0.01) == pytest.approx(100)


def test_it_keeps_a_limited_number_of_users(rate: RequestRate) -> None:
    for number in range(25_000):
        rate.wait_s(str(number), 1.0)
    assert len(rate._buckets) <= 10_000
