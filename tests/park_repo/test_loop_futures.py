"""Futures of other threads in an event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

from park_repo import loop_futures
from park_repo.loop_futures import in_loop

if TYPE_CHECKING:
    from collections.abc import Callable


def test_it_ends_as_the_other_does() -> None:
    async def test() -> None:
        good: Future[int] = Future()
        bad: Future[int] = Future()
        gone: Future[int] = Future()
        odd: Future[int] = Future()
        waiting = [in_loop(each) for each in (good, bad, gone, odd)]
        await asyncio.to_thread(good.set_result, 7)
        await asyncio.to_thread(bad.set_exception, ValueError("no"))
        await asyncio.to_thread(gone.cancel)
        odd.set_exception(StopIteration(3))
        assert await waiting[0] == 7
        with pytest.raises(ValueError, match="no"):
            await waiting[1]
        with pytest.raises(asyncio.CancelledError):
            await waiting[2]
        with pytest.raises(RuntimeError, match=r"StopIteration\(3\)"):
            await waiting[3]

    asyncio.run(test())


def test_whoever_waits_no_longer_cancels_it() -> None:
    async def test() -> None:
        future: Future[int] = Future()
        waiting = in_loop(future)
        waiting.cancel()
        await asyncio.sleep(0)
        assert future.cancelled()
        late: Future[int] = Future()
        late.set_running_or_notify_cancel()
        waiting = in_loop(late)
        waiting.cancel()
        late.set_result(1)  # begun, it cannot be cancelled; nobody hears of it
        await asyncio.sleep(0)
        assert waiting.cancelled()

    asyncio.run(test())


def test_those_that_end_together_wake_the_loop_once() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        called: list[Callable[[], Any]] = []
        inbox = loop_futures._Inbox(loop)
        inbox._call_soon = lambda each, *_args, **_more: called.append(each)  # type: ignore[assignment]
        loop_futures._inboxes[loop] = inbox
        futures: list[Future[int]] = [Future() for _ in range(3)]
        waiting = [in_loop(each) for each in futures]
        for number, each in enumerate(futures):
            each.set_result(number)
        assert len(called) == 1
        called[0]()
        assert [each.result() for each in waiting] == [0, 1, 2]
        another: Future[int] = Future()
        in_loop(another)
        another.set_result(1)
        assert len(called) == 2

    asyncio.run(test())


def test_after_the_loop_nobody_is_told() -> None:
    future: Future[int] = Future()

    async def test() -> None:
        in_loop(future)

    asyncio.run(test())
    future.set_result(1)
