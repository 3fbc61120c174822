"""Users take turns: for slots, for downloads, and across a restart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.labs.schedule_lab import Lab, lab, run
from support.session.stopped_clock import StoppedClock

from park.errors import OverLimit
from park.model.ids import JobId
from park.wire import FETCH, FetchRequest
from park_server.jobs.seams import FetchedFile
from park_server.jobs.turns.turns import Turns
from park_server.quotas.disk_use import DiskUse
from park_server.quotas.limits import Allowance, Limits
from park_server.quotas.quotas import Quotas

if TYPE_CHECKING:
    from pathlib import Path

FLOOD = 200


async def flood(here: Lab, user: str = "ada") -> None:
    """Have ``user`` submit more than fits, in one request."""
    await here.scheduler.submit(user, [here.request(f"{user}{n:03}") for n in range(FLOOD)])


async def turn(here: Lab) -> str:
    """Let the next job that starts complete; return which it is."""
    order = await here.started()
    here.complete(order)
    return order.job_id


def why(here: Lab, job: str, user: str) -> str:
    return here.database.read(lambda c: here.scheduler.explainer().why(c, job, user)).line


def test_a_flood_lets_anothers_first_job_have_the_next_slot(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=2) as here:
            await flood(here)
            await here.submit("bob-1", user="bob")
            assert why(here, "bob-1", "bob") == (
                "no slot is free: 2 of 2 are taken, and it is the next"
            )
            orders = [await here.started(), await here.started()]
            assert [order.job_id for order in orders] == ["ada000", "ada001"]
            here.complete(orders[0])
            assert (await here.started()).job_id == "bob-1"
            here.complete(orders[1])
            assert (await here.started()).job_id == "ada002"

    run(test)


def test_why_a_job_waits_says_who_takes_turns(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await flood(here)
            await here.submit("1", user="bob")
            await here.submit("2", user="bob")
            assert why(here, "2", "bob") == (
                "no slot is free: 1 of 1 are taken, and about 2 jobs come before it:"
                " 1 of yours, 1 of others, who take turns with you"
            )

    run(test)


def test_a_restart_goes_on_with_the_turns(tmp_path: Path) -> None:
    clock = StoppedClock()

    async def turns(here: Lab, most: int) -> list[str]:
        found = []
        for _ in range(most):
            order = await here.started()
            clock.now += 1
            here.complete(order)
            found.append(order.job_id[:3])
        return found

    async def test() -> None:
        async with lab(tmp_path, slots=1, turns=Turns(clock=clock)) as here:
            await flood(here)
            await flood(here, "bob")
            assert await turns(here, 5) == ["ada", "bob", "ada", "bob", "ada"]
            assert (await here.started()).job_id == "bob002"  # which runs on
        async with lab(tmp_path, slots=1, turns=Turns(clock=clock)) as here:
            assert await turns(here, 3) == ["bob", "ada", "bob"]
            await here.submit("eve-1", user="eve")
            assert (await turns(here, 2))[1] == "eve"  # one was running

    run(test)


class Held:
    """Fetches that end when the test says so."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[str] = asyncio.Queue()
        self.over: asyncio.Queue[None] = asyncio.Queue()

    async def fetch(self, job: JobId, user: str, request: FetchRequest) -> FetchedFile:
        self.asked.put_nowait(user)
        await self.over.get()
        return FetchedFile(url=str(request.url), sha256=job[:1] * 64, size=1, name="data")


def test_a_flood_of_downloads_lets_anothers_first_be_the_next(tmp_path: Path) -> None:
    async def test() -> None:
        held = Held()
        async with lab(tmp_path, fetcher=held) as here:
            asked = [
                here.request(
                    f"{n:03}", entry_point=FETCH, fetch=FetchRequest(url=f"http://there/{n}")
                )
                for n in range(20)
            ]
            await here.scheduler.submit("ada", asked)
            assert [await held.asked.get() for _ in range(4)] == ["ada"] * 4
            await here.submit(
                "bob-1", user="bob", entry_point=FETCH, fetch=FetchRequest(url="http://there/x")
            )
            held.over.put_nowait(None)
            assert await held.asked.get() == "bob"

    run(test)


class Allowances:
    """What users may have, until a test says otherwise."""

    def __init__(self, **limits: float) -> None:
        self.own = Limits(**limits)

    def quotas(self) -> Quotas:
        disk = DiskUse(lambda _: {}, lambda: 0.0)
        return Quotas(lambda _: Allowance(own=self.own), disk, lambda: 0.0)


def test_who_may_have_no_more_of_the_slots_leaves_them_to_others(tmp_path: Path) -> None:
    allowances = Allowances(running=2)

    async def test() -> None:
        async with lab(tmp_path, slots=4, quotas=allowances.quotas()) as here:
            await flood(here)
            first, second = await here.started(), await here.started()
            assert why(here, "ada002", "ada") == (
                "ada has 2 of 2 jobs running that may be taken, and it is the next"
            )
            await here.submit("bob-1", user="bob")
            assert (await here.started()).job_id == "bob-1"
            here.complete(first)
            assert (await here.started()).job_id == "ada002"
            allowances.own = Limits(running=3)
            here.scheduler.look_again()
            assert (await here.started()).job_id == "ada003"
            here.complete(second)
            assert (await here.started()).job_id == "ada004"

    run(test)


def test_who_is_at_his_limit_starts_nothing_with_its_creation_either(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=4, quotas=Allowances(running=1).quotas()) as here:
            await here.submit("1")
            order = await here.started()
            assert (await here.submit("2")).status == "queued"
            await here.submit("3", user="bob")
            assert (await here.started()).job_id == "3"
            here.complete(order)
            assert (await here.started()).job_id == "2"

    run(test)


def test_what_may_wait_counts_until_it_runs_or_ends_and_over_a_restart(tmp_path: Path) -> None:
    allowances = Allowances(waiting=2)

    async def test() -> None:
        async with lab(tmp_path, slots=1, quotas=allowances.quotas()) as here:
            await here.submit("1")
            order = await here.started()
            await here.submit("2")
            await here.submit("3")
            with pytest.raises(OverLimit, match="ada has 2 of 2 jobs waiting"):
                await here.submit("4")
            await here.submit("3")  # a retry of the client is no new job
            await here.scheduler.cancel(JobId("3"), "ada")
            await here.submit("4")
            here.complete(order)
            assert (await here.started()).job_id == "2"
            await here.submit("5")
        async with lab(tmp_path, slots=1, quotas=allowances.quotas()) as here:
            with pytest.raises(OverLimit, match="ada has 2 of 2 jobs waiting"):
                await here.submit("6")

    run(test)


def test_a_weight_gives_more_turns(tmp_path: Path) -> None:
    class Weighed(Quotas):
        def weight_of(self, user: str) -> float:
            return 3.0 if user == "bob" else 1.0

    quotas = Weighed(lambda _: Allowance(), DiskUse(lambda _: {}, lambda: 0.0), lambda: 0.0)
    clock = StoppedClock()

    async def test() -> None:
        async with lab(tmp_path, slots=1, turns=Turns(quotas, clock)) as here:
            await flood(here)
            await flood(here, "bob")
            found = []
            for _ in range(41):
                order = await here.started()
                clock.now += 1
                here.complete(order)
                found.append(order.job_id[:3])
            assert 28 <= found.count("bob") <= 32

    run(test)
