"""Orders to other services: carried out until each is confirmed, and given back only then."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert
from support.labs.races import begin
from support.labs.schedule_lab import Lab, lab, run
from support.session.limits import LIMIT_S

from park.errors import NotAuthenticated
from park.model.ids import JobId
from park.wire import StopHow
from park_server.db.tables import held_grants
from park_server.jobs.races import race_rows
from park_server.jobs.races.race_rows import Order
from park_server.peers.lent import Lent
from park_server.peers.link import Barred
from park_server.peers.race_orders import RaceOrders

AWAY = "http://away.example"
RACE = JobId("race")


class Away:
    """Another service that is told what to end."""

    url = AWAY

    def __init__(self, answer: str | Exception = "cancelled") -> None:
        self.answer = answer
        self.told: list[tuple[str, str]] = []

    async def patiently(self, ask: Any) -> Any:
        return await ask()

    async def end_job(self, order: Order, lent: Lent) -> str:
        self.told.append((order.competitor, lent.token))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def ordered(here: Lab, *, granted: bool = True) -> None:
    await here.submit("a")
    await begin(here, ["a"])
    order = Order(race=RACE, competitor="far", service=AWAY, how=StopHow.CANCEL, grace_s=10.0)

    def write(connection: Any) -> None:
        race_rows.give_orders(connection, [order])
        if granted:
            row = {"job": RACE, "service": AWAY, "token": "secret"}
            connection.execute(insert(held_grants), row)

    here.database.write(write).result()


@pytest.mark.parametrize(
    ("answer", "granted"),
    [
        ("cancelled", True),
        ("running", True),
        (NotAuthenticated("the grant was revoked"), True),
        (Barred("this service does not connect there"), True),
        ("cancelled", False),
    ],
)
def test_what_is_answered_is_confirmed_and_the_ended_race_is_done(
    tmp_path: Path, answer: str | Exception, *, granted: bool
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await ordered(here, granted=granted)
            await here.run_next({"chisq": 1.0})
            await here.final(RACE)
            away, done = Away(answer), asyncio.Event()
            orders = RaceOrders(
                database=here.database,
                link=lambda _: away,  # type: ignore[arg-type,return-value]
                disk=here.disk,
                done=lambda race: done.set() if race == RACE else None,
            )
            assert orders.are_open(RACE)
            orders.carry_out(RACE)
            orders.carry_out(RACE)  # while it is under way: looked at once more
            await asyncio.wait_for(done.wait(), LIMIT_S)
            assert away.told == ([("far", "secret")] if granted else [])
            assert not orders.are_open(RACE)
            await orders.stop()

    run(test)


def test_a_race_that_goes_on_keeps_what_opens_the_others(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await ordered(here)
            told = SimpleNamespace(done=[])
            orders = RaceOrders(
                database=here.database,
                link=lambda _: Away(),  # type: ignore[arg-type,return-value]
                disk=here.disk,
                done=told.done.append,
            )
            orders.carry_out(RACE)
            while orders.are_open(RACE):
                await here.in_the_meantime()
            await orders.stop()
            assert told.done == []

    run(test)
