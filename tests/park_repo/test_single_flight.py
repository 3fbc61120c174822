from __future__ import annotations

import asyncio

import pytest

from park_repo.single_flight import SingleFlight


def test_work_that_is_asked_for_at_once_is_done_once() -> None:
    async def ask() -> None:
        flights: SingleFlight[int] = SingleFlight()
        started, may_end = 0, asyncio.Event()

        async def work() -> int:
            nonlocal started
            started += 1
            await may_end.wait()
            return started

        asked = [asyncio.ensure_future(flights.do("a", work)) for _ in range(3)]
        await asyncio.sleep(0)
        asked[0].cancel()
        may_end.set()
        assert await asyncio.gather(*asked[1:]) == [1, 1]
        assert await flights.do("a", work) == 2

    asyncio.run(ask())


def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    async def ask() -> None:
        flights: SingleFlight[int] = SingleFlight()

        async def fail() -> int:
            raise LookupError("no")

        async def work() -> int:
            return 1

        outcomes = await asyncio.gather(
            flights.do("a", fail), flights.do("a", fail), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [LookupError, LookupError]
        assert await flights.do("a", work) == 1

    asyncio.run(ask())


def test_closing_cancels_what_runs() -> None:
    async def ask() -> None:
        flights: SingleFlight[None] = SingleFlight()
        asked = asyncio.ensure_future(flights.do("a", lambda: asyncio.sleep(3600)))
        await asyncio.sleep(0)
        await flights.aclose()
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(ask())
