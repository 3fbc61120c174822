"""Blocking work is never left alone with what it works on."""

from __future__ import annotations

import asyncio
import threading

import pytest
from support.session.limits import LIMIT_S

from park_server.threads import in_thread, in_thread_of


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


def test_what_keeps_the_processor_is_done_one_by_one_for_each_user() -> None:
    """Who sends a lot at once has one thread, and another one is there for somebody else."""
    begun: list[str] = []
    may_end = threading.Event()

    def work(name: str) -> str:
        begun.append(name)
        assert may_end.wait(LIMIT_S)
        return name

    async def test() -> None:
        names = [f"ada{n}" for n in range(64)]  # more than there are threads
        flood = [asyncio.ensure_future(in_thread_of("ada", work, name)) for name in names]
        while not begun:  # noqa: ASYNC110 (a thread tells nobody)
            await asyncio.sleep(0)
        assert await in_thread_of("bob", threading.get_ident) != threading.get_ident()
        assert begun == ["ada0"]
        may_end.set()
        assert await asyncio.gather(*flood) == names == begun

    asyncio.run(test())
