from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from support.session.limits import LIMIT_S

from park_server.process.loop_watch import Hold, LoopWatch

if TYPE_CHECKING:
    import pytest

LIMIT = 0.05


def hold_the_loop(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def holds_of(seconds: float) -> list[Hold]:
    watch = LoopWatch(LIMIT)
    async with asyncio.timeout(LIMIT_S):
        while not watch.holds:
            hold_the_loop(seconds)
            await asyncio.sleep(0)
    watch.stop()
    return list(watch.holds)


def test_what_holds_the_loop_is_told_with_what_ran(caplog: pytest.LogCaptureFixture) -> None:
    (hold, *_) = asyncio.run(holds_of(5 * LIMIT))
    assert hold.seconds >= LIMIT
    assert hold.cpu_s > 0
    assert any("hold_the_loop" in place for place in hold.at)
    assert "hold_the_loop" in caplog.text


def test_the_watch_ends_with_its_loop() -> None:
    async def nothing() -> LoopWatch:
        return LoopWatch(LIMIT)

    watch = asyncio.run(nothing())
    watch._thread.join(LIMIT_S)
    assert not watch._thread.is_alive()
