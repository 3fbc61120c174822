"""What is written down of races: who needs whom, who has won, and orders to other services."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from support.labs.races import begin, race_request, report, started, streamed
from support.labs.schedule_lab import USER, lab, run, value_of

from park.model.ids import JobId
from park.wire import StopHow
from park_server.jobs.races import race_rows
from park_server.jobs.races.race_rows import Order

AWAY = "http://away.example"


def test_a_job_is_needed_by_what_has_not_ended(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=2) as here:
            for job in "ab":
                await here.submit(job)
            orders = await started(here, 2)
            await here.submit("plot", value_of("b"))
            await begin(here, [streamed("a"), "b"], "one")

            def needed(race: str | None) -> dict[str, set[str]]:
                other = None if race is None else JobId(race)
                return here.database.read(
                    lambda c: race_rows.needed_by_others(c, ["a", "b"], "", other)
                )

            assert needed(None) == {"a": {"one"}, "b": {"one", "plot"}}
            assert needed("one") == {"b": {"plot"}}
            report(orders["a"], 1.0)
            await here.until("one", lambda record: bool(record.race and record.race.decided))
            assert needed(None) == {"a": {"one"}, "b": {"plot"}}  # it has won, and runs
            here.complete(orders["a"], {"chisq": 1.0})
            await here.final("one")
            assert needed(None) == {"b": {"plot"}}

    run(test)


def test_who_has_won_is_written_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=2) as here:
            await here.submit("a")
            await here.submit("b")
            await here.scheduler.submit(USER, [race_request("race", ["a", "b"])])
            race = JobId("race")
            for winners in ([1], [0]):
                change = partial(race_rows.decide, race=race, winners=winners, by="rank")
                here.database.write(change).result()
            stored = here.database.read(lambda c: race_rows.get(c, race))
            assert (stored.winners, stored.by) == ((1,), "rank")

    run(test)


def test_an_order_is_open_until_it_is_confirmed(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await begin(here, ["a"])
            race = JobId("race")
            order = Order(
                race=race, competitor="far", service=AWAY, how=StopHow.CANCEL, grace_s=10.0
            )
            for _ in range(2):  # a second time changes nothing
                here.database.write(lambda c: race_rows.give_orders(c, [order])).result()
            assert here.database.read(lambda c: race_rows.orders_of(c, race)) == [order]
            assert here.database.read(race_rows.with_orders) == [race]
            record = here.database.read(lambda c: race_rows.records(c, [race]))[race]
            assert record.unconfirmed == ["far"]
            here.database.write(lambda c: race_rows.confirm(c, order, "cancelled")).result()
            assert not here.database.read(lambda c: race_rows.has_orders(c, race))
            assert here.database.read(race_rows.with_orders) == []

    run(test)
