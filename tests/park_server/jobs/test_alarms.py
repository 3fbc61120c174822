"""Alarms are called once their moment has come, and not after a stop."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

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
