"""`park_server.bouncing.wanted_passes`: what is wanted, who is asked, what is said meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from park.errors import UnknownItem, UsageError
from park.wire import PassAnswer
from park_server.bouncing.wanted_passes import PassRefused, Wanted, WantedPassBook
from park_server.bus import Bus

FAR = "https://far.example/park"
WANTED = Wanted(user="ada", job="j", grant="g", service=FAR, method="GET", path="/x")


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Lab:
    """A book, its clock, and what was begun."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.book = WantedPassBook(Bus(), self.clock)
        self.begun: list[asyncio.Task[Any]] = []

    async def want(self, wanted: Wanted = WANTED) -> asyncio.Task[str]:
        """Want a pass; return once the book knows that."""
        task = asyncio.create_task(self.book.token(wanted))
        self.begun.append(task)
        await asyncio.sleep(0)
        return task


def run(test: Callable[[Lab], Awaitable[None]]) -> None:
    async def in_lab() -> None:
        lab = Lab()
        try:
            await test(lab)
        finally:
            for task in lab.begun:
                task.cancel()
            await asyncio.gather(*lab.begun, return_exceptions=True)

    asyncio.run(in_lab())


def test_an_agent_is_told_once_and_its_answer_is_had() -> None:
    async def test(lab: Lab) -> None:
        task = await lab.want()
        (told,) = await lab.book.listen("ada", "one", 0)
        assert (told.grant, told.service, told.method, told.path) == ("g", FAR, "GET", "/x")
        assert await lab.book.listen("ada", "one", 0) == []
        assert await lab.book.listen("bob", "one", 0) == []
        lab.book.answer(told.id, "ada", PassAnswer(token="t"))
        assert await task == "t"
        for user in ("ada", "bob"):
            with pytest.raises(UnknownItem, match="nobody waits"):
                lab.book.answer(told.id, user, PassAnswer(token="u"))

    run(test)


def test_another_user_answers_nothing() -> None:
    async def test(lab: Lab) -> None:
        task = await lab.want()
        (told,) = await lab.book.listen("ada", "one", 0)
        with pytest.raises(UnknownItem):
            lab.book.answer(told.id, "bob", PassAnswer(token="t"))
        with pytest.raises(UsageError, match="has a token"):
            lab.book.answer(told.id, "ada", PassAnswer())
        assert not task.done()

    run(test)


def test_a_refusal_is_raised_where_the_pass_is_wanted() -> None:
    async def test(lab: Lab) -> None:
        task = await lab.want()
        (told,) = await lab.book.listen("ada", "one", 0)
        lab.book.answer(told.id, "ada", PassAnswer(refused="no,\nnever"))
        with pytest.raises(PassRefused, match="no, never"):
            await task

    run(test)


def test_what_an_agent_took_and_lost_another_is_told_of() -> None:
    async def test(lab: Lab) -> None:
        await lab.want()
        (first,) = await lab.book.listen("ada", "one", 0)
        assert [each.id for each in await lab.book.listen("ada", "two", 0)] == [first.id]
        assert await lab.book.listen("ada", "two", 0) == []
        lab.clock.now += 91.0
        assert [each.id for each in await lab.book.listen("ada", "two", 0)] == [first.id]

    run(test)


def test_whoever_listens_is_woken_by_what_is_wanted() -> None:
    async def test(lab: Lab) -> None:
        listening = asyncio.create_task(lab.book.listen("ada", "one", 60))
        lab.begun.append(listening)
        await asyncio.sleep(0)
        await lab.want()
        (told,) = await listening
        assert told.job == "j"

    run(test)


def test_what_a_job_waits_for_is_said() -> None:
    async def test(lab: Lab) -> None:
        assert not lab.book.remark("j")
        task = await lab.want()
        away = lab.book.remark("j")
        assert away.startswith(f"the agent of ada is to permit GET {FAR}/x, and none is reachable")
        assert "park login" in away
        (told,) = await lab.book.listen("ada", "one", 0)
        assert "and was asked at" in lab.book.remark("j")
        lab.book.answer(told.id, "ada", PassAnswer(later="the agent is locked"))
        assert lab.book.remark("j").endswith(": the agent is locked")
        assert await lab.book.listen("ada", "one", 0) == []
        lab.clock.now += 6.0
        assert "none is reachable" in lab.book.remark("j")
        lab.clock.now += 5.0
        (told,) = await lab.book.listen("ada", "one", 0)
        lab.book.answer(told.id, "ada", PassAnswer(token="t"))
        assert await task == "t"
        assert not lab.book.remark("j")

    run(test)


def test_jobs_that_wait_are_counted_and_changes_told() -> None:
    async def test(lab: Lab) -> None:
        counts: list[int] = []
        lab.book.on_change(lambda: counts.append(lab.book.waiting(["j", "k"])))
        task = await lab.want()
        await lab.want()  # of the same job
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert counts == [1, 1, 1]
        assert lab.book.waiting(["k"]) == 0

    run(test)
