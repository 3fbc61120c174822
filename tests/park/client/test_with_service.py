"""The block of a service: its end has all that was submitted in it, or raises."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.job_service import JobService

import park
from park.errors import UsageError


@park.job
def add(*values: Any) -> Any:
    return sum(values)


@park.job
def other() -> None: ...


@park.job
def careful() -> None: ...


@pytest.fixture
def one() -> JobService:
    return JobService()


def test_several_errors_of_a_block_are_one_with_notes(one: JobService) -> None:
    one.refused = {f"{__name__}:other", f"{__name__}:careful"}
    one.bind()
    with pytest.raises(UsageError, match="is refused") as raised, one.service:  # noqa: PT012
        other()
        careful()
    (note,) = raised.value.__notes__
    assert "careful is refused" in note


def test_the_error_of_the_block_itself_wins(one: JobService) -> None:
    one.refused = {f"{__name__}:other"}
    one.bind()
    with pytest.raises(ZeroDivisionError) as raised, one.service:  # noqa: PT012
        other()
        _ = 1 / 0
    (note,) = raised.value.__notes__
    assert "other is refused" in note


def test_an_asynchronous_block_lets_other_tasks_go_on(one: JobService) -> None:
    async def submits() -> Any:
        async with one.service:
            return add(1)

    async def test() -> None:
        task = asyncio.create_task(submits())
        await asyncio.sleep(0)
        assert not task.done()
        assert add(2, 3) == 5  # the block is that of the other task
        one.bind()
        job = await asyncio.wait_for(task, LIMIT_S)
        assert [sent["id"] for sent in one.jobs] == [job.id]

    asyncio.run(test())


def test_an_asynchronous_block_raises_what_failed_in_it(one: JobService) -> None:
    one.refused = {f"{__name__}:other"}

    async def test(error: Exception | None = None) -> None:
        async with one.service:
            other()
            if error is not None:
                raise error

    one.bind()
    with pytest.raises(UsageError, match="is refused"):
        asyncio.run(test())
    with pytest.raises(KeyError) as caught:
        asyncio.run(test(KeyError("mine")))
    assert "is refused" in caught.value.__notes__[0]


def test_an_interrupted_block_does_not_wait(one: JobService) -> None:
    with pytest.raises(KeyboardInterrupt), one.service:  # noqa: PT012
        add(1)  # whose environment is not found yet
        raise KeyboardInterrupt
    assert one.jobs == []
    one.bind()
