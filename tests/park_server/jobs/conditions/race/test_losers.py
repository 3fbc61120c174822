"""What becomes of those that have lost a race, or whose race is cancelled."""

from __future__ import annotations

from pathlib import Path

from support.labs.races import begin, killed, report, started, streamed
from support.labs.schedule_lab import USER, lab, run, value_of

from park.model.ids import JobId
from park_server.jobs.memo.outside_looks import Looks
from park_server.jobs.memo.recall import Recall


def test_a_competitor_that_others_need_goes_on(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=3) as here:
            for job in "abc":
                await here.submit(job)
            orders = await started(here, 3)
            await here.submit("plot", value_of("b"))
            await begin(here, ["a", "b", "c"])
            here.complete(orders["a"], {"chisq": 1.0})
            await here.final("race")
            assert await killed(here, orders) == {"c"}
            await here.final("c")
            assert here.status("b", "plot") == ["running", "waiting"]

    run(test)


def test_one_that_competes_in_two_races_is_ended_by_the_last(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=3) as here:
            for job in "abc":
                await here.submit(job)
            orders = await started(here, 3)
            await begin(here, ["a", "b"], "one")
            await begin(here, ["b", "c"], "two")
            here.complete(orders["a"], {"chisq": 1.0})
            await here.final("one")
            assert here.status("b") == ["running"]
            here.complete(orders["c"], {"chisq": 1.0})
            await here.final("two")
            assert await killed(here, orders) == {"b"}

    run(test)


def test_the_winner_of_one_race_is_not_ended_by_another(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=2) as here:
            for job in "ab":
                await here.submit(job)
            orders = await started(here, 2)
            await begin(here, [streamed("a")], "one")
            await begin(here, ["a", "b"], "two")
            report(orders["a"], 1.0)
            await here.until("one", lambda record: bool(record.race and record.race.decided))
            here.complete(orders["b"], {"chisq": 1.0})
            await here.final("two")
            assert here.status("a", "one") == ["running", "waiting"]

    run(test)


def test_to_cancel_a_race_ends_those_that_nobody_else_needs(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=2) as here:
            for job in "abc":
                await here.submit(job)
            orders = await started(here, 2)
            await here.submit("plot", value_of("b"))
            await begin(here, ["a", "b", "c"])
            record = await here.scheduler.cancel(JobId("race"), USER)
            assert (str(record.status), record.error) == ("cancelled", "cancelled on request")
            assert await killed(here, orders) == {"a"}
            assert (await here.final("a")).error == "cancelled: race race was cancelled"
            assert here.status("b", "c") == ["running", "cancelled"]

    run(test)


def test_a_race_that_loses_a_race_ends_its_own(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=2) as here:
            for job in "ab":
                await here.submit(job)
            orders = await started(here, 2)
            await begin(here, ["b"], "inner")
            await begin(here, ["a", "inner"])
            here.complete(orders["a"], {"chisq": 1.0})
            await here.final("race")
            assert here.status("inner") == ["cancelled"]
            assert await killed(here, orders) == {"b"}

    run(test)


def test_the_run_of_a_loser_goes_on_for_whoever_joined_it(tmp_path: Path) -> None:
    async def test() -> None:
        memory = Recall(Looks(), runtime_hash="ef")
        async with lab(tmp_path, slots=2, memory=memory) as here:
            await here.submit("a", arguments={"n": 1})
            await here.submit("b", arguments={"n": 2})
            orders = await started(here, 2)
            await here.submit("same", arguments={"n": 2})
            await begin(here, ["a", "b"])
            here.complete(orders["a"], {"chisq": 1.0})
            await here.final("race")
            lost = await here.final("b")
            assert lost.status == "cancelled"
            assert "won the race" in (lost.error or "")
            assert "goes on with its process" in (lost.error or "")
            assert here.engine.cancelled.empty()
            here.complete(orders["b"], {"chisq": 5.0})
            assert (await here.final("same")).memoized_from == "b"

    run(test)


def test_the_process_of_a_loser_that_nobody_waits_for_any_more_ends(tmp_path: Path) -> None:
    async def test() -> None:
        memory = Recall(Looks(), runtime_hash="ef")
        async with lab(tmp_path, slots=2, memory=memory) as here:
            await here.submit("a", arguments={"n": 1})
            await here.submit("b", arguments={"n": 2})
            orders = await started(here, 2)
            await here.submit("same", arguments={"n": 2})
            await here.scheduler.cancel(JobId("b"), USER)
            await begin(here, ["a", "same"])
            here.complete(orders["a"], {"chisq": 1.0})
            await here.final("race")
            assert (await here.final("same")).status == "cancelled"
            assert await killed(here, orders) == {"b"}

    run(test)
