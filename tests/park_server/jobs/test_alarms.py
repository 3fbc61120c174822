"""Alarms are called once their moment has come, and not after a stop."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

from park_server.jobs.alarms import Alarms

LIMIT_S = 30.0


def test_a_moment_that_has_passed_is_called_at_once() -> None:
    called: list[str] = []

    Alarms().at(datetime.now(UTC) - timedelta(seconds=1), lambda: called.append("past"))

    assert called == ["past"]


def test_a_moment_to_come_is_waited_for() -> None:
    async def test() -> None:
        called = asyncio.Event()
        moment = datetime.now(UTC) + timedelta(milliseconds=20)
        Alarms().at(moment, called.set)
        assert not called.is_set()
        await asyncio.wait_for(called.wait(), LIMIT_S)
        assert datetime.now(UTC) >= moment

    asyncio.run(test())


def test_a_stop_forgets_what_is_to_come() -> None:
    async def test() -> None:
        called, later = asyncio.Event(), asyncio.Event()
        alarms = Alarms()
        alarms.at(datetime.now(UTC) + timedelta(milliseconds=10), called.set)
        alarms.stop()
        Alarms().at(datetime.now(UTC) + timedelta(milliseconds=20), later.set)
        await asyncio.wait_for(later.wait(), LIMIT_S)
        assert not called.is_set()

    asyncio.run(test())


def test_thousands_at_one_moment_have_one_timer_and_come_in_order() -> None:
    async def test() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        called: list[int] = []
        armed = 0
        usual = loop.call_later

        def counted(*arguments: Any) -> asyncio.TimerHandle:
            nonlocal armed
            armed += 1
            return usual(*arguments)

        alarms, moment = Alarms(), datetime.now(UTC) + timedelta(milliseconds=50)
        with patch.object(loop, "call_later", counted):
            for number in range(1_000):
                alarms.at(moment, partial(called.append, number))
            alarms.at(moment, done.set)
        assert armed == 1
        await asyncio.wait_for(done.wait(), LIMIT_S)
        assert called == [*range(1_000)]

    asyncio.run(test())
