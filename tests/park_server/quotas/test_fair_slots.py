"""Slots of the service's own work: users take turns, whoever came first."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from park_server.quotas.fair_slots import FairSlots


class Work:
    """Work of users in slots, each piece of which ends when the test says so."""

    def __init__(self, count: int, operator: str | None = None) -> None:
        self.slots = FairSlots(count, lambda user: operator in {None, user})
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.may_end: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def wait(self, *names: str) -> None:
        """Have work wait for slots, in this order; its user is what its name begins with."""
        for name in names:
            self.may_end[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._do(name))
            await asyncio.sleep(0)

    async def _do(self, name: str) -> None:
        async with self.slots.slot(name[0]):
            self.begun.put_nowait(name)
            await self.may_end[name].wait()

    async def end(self, name: str) -> None:
        self.may_end[name].set()
        await self.tasks[name]

    async def finish(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def working(count: int, stack: AsyncExitStack, operator: str | None = None) -> Work:
    work = Work(count, operator)
    stack.push_async_callback(work.finish)
    return work


def test_a_flood_of_one_user_lets_anothers_first_have_what_comes_free() -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            work = await working(1, stack)
            await work.wait("a1", "a2", "a3", "b1", "b2")
            order = []
            for _ in range(5):
                order.append(await work.begun.get())
                await work.end(order[-1])
            assert order == ["a1", "b1", "a2", "b2", "a3"]

    asyncio.run(test())


def test_who_has_the_fewest_comes_first() -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            work = await working(2, stack)
            await work.wait("a1", "a2", "a3", "b1", "b2")
            assert [await work.begun.get() for _ in range(2)] == ["a1", "a2"]
            await work.end("a1")
            assert await work.begun.get() == "b1"
            await work.end("a2")  # now a has none, and b one
            assert await work.begun.get() == "a3"

    asyncio.run(test())


def test_whoever_waits_no_longer_is_passed_over_and_loses_no_slot() -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            work = await working(1, stack)
            await work.wait("a1", "b1", "c1")
            assert await work.begun.get() == "a1"
            work.tasks["b1"].cancel()
            await asyncio.gather(work.tasks["b1"], return_exceptions=True)
            await work.end("a1")
            assert await work.begun.get() == "c1"
            await work.end("c1")
            await work.wait("d1")
            assert await work.begun.get() == "d1"

    asyncio.run(test())


def test_who_is_cancelled_in_his_turn_gives_it_back() -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            work = await working(1, stack)
            await work.wait("a1", "b1")
            assert await work.begun.get() == "a1"
            work.tasks["a1"].cancel()
            assert await work.begun.get() == "b1"

    asyncio.run(test())


def test_nobody_but_the_operator_has_all() -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            work = await working(2, stack, operator="o")
            await work.wait("a1", "a2")
            assert await work.begun.get() == "a1"
            await work.wait("b1")
            assert await work.begun.get() == "b1"
            await work.end("a1")
            assert await work.begun.get() == "a2"
            for name in ("a2", "b1"):
                await work.end(name)
            await work.wait("o1", "o2")
            assert [await work.begun.get() for _ in range(2)] == ["o1", "o2"]

    asyncio.run(test())
