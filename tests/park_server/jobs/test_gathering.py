from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from park_server.jobs.gathering import Gathering

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence


class Desk:
    """Does numbers once it is let: none below zero, at most three together."""

    def __init__(self) -> None:
        self.done: list[list[int]] = []
        self.may_go_on = asyncio.Event()
        self.gathering = Gathering(self.act, lambda before, _: len(before) < 3)

    async def act(self, items: Sequence[int]) -> int:
        self.done.append(list(items))
        await self.may_go_on.wait()
        if min(items) < 0:
            raise ValueError(f"none below zero: {min(items)}")
        return len(self.done)

    def each(self, *items: int) -> list[asyncio.Task[int]]:
        return [asyncio.create_task(self.gathering.do(item)) for item in items]


def with_desk(test: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        await test(Desk())

    asyncio.run(run())


def test_whoever_comes_alone_waits_for_nobody() -> None:
    async def test(desk: Desk) -> None:
        desk.may_go_on.set()
        assert [await desk.gathering.do(1), await desk.gathering.do(2)] == [1, 2]
        assert desk.done == [[1], [2]]

    with_desk(test)


def test_those_that_come_meanwhile_go_together_and_in_their_order() -> None:
    async def test(desk: Desk) -> None:
        tasks = desk.each(1, 2, 3, 4, 5, 6)
        await asyncio.sleep(0)
        desk.may_go_on.set()
        assert await asyncio.gather(*tasks) == [1, 2, 2, 2, 3, 3]
        assert desk.done == [[1], [2, 3, 4], [5, 6]]
        assert await desk.gathering.do(7) == 4

    with_desk(test)


def test_where_they_cannot_be_done_together_each_is_done_by_itself() -> None:
    async def test(desk: Desk) -> None:
        tasks = desk.each(1, 2, -3, 4)
        await asyncio.sleep(0)
        desk.may_go_on.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(each) for each in found] == ["1", "3", "none below zero: -3", "5"]
        assert desk.done == [[1], [2, -3, 4], [2], [-3], [4]]

    with_desk(test)


def test_what_is_not_wanted_any_more_is_not_done() -> None:
    async def test(desk: Desk) -> None:
        first, second, third = desk.each(1, 2, 3)
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        desk.may_go_on.set()
        assert [await first, await third] == [1, 2]
        assert desk.done == [[1], [3]]

    with_desk(test)


def test_a_first_one_that_fails_holds_nobody_up() -> None:
    async def test(desk: Desk) -> None:
        first, second = desk.each(-1, 2)
        await asyncio.sleep(0)
        desk.may_go_on.set()
        with pytest.raises(ValueError, match="-1"):
            await first
        assert await second == 2

    with_desk(test)
