"""Blocking work is never left alone with what it works on."""

from __future__ import annotations

import asyncio
import threading

import pytest
from support.session.limits import LIMIT_S

from park_server.threads import in_thread


def test_what_a_thread_returns_or_raises_is_passed_on() -> None:
    async def test() -> None:
        assert await in_thread(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await in_thread(divmod, 7, 0)

    asyncio.run(test())


@pytest.mark.parametrize("fails", [False, True])
def test_who_is_cancelled_waits_for_the_thread(*, fails: bool) -> None:
    begun, may_end, ended = (threading.Event() for _ in range(3))

    def work() -> None:
        begun.set()
        assert may_end.wait(LIMIT_S)
        ended.set()
        if fails:
            raise ZeroDivisionError

    async def test() -> None:
        task = asyncio.ensure_future(in_thread(work))
        await asyncio.to_thread(begun.wait, LIMIT_S)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, LIMIT_S)
        assert ended.is_set()

    asyncio.run(test())
