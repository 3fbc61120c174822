"""Races: decided in the transaction in which one that competes ends or reports."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.labs.races import begin, killed, race_request, report, started, streamed, why
from support.labs.schedule_lab import USER, lab, run, value_of
from support.session.limits import LIMIT_S

from park.errors import UnknownItem
from park.model.conditions import JobIs, Phase
from park.wire import IfNone, JobRequest, Prefer, StopHow
from park_server.jobs.memo.outside_looks import Looks
from park_server.jobs.memo.recall import Recall


def test_the_first_that_is_good_enough_ends_the_others(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=3) as here:
            for job in "abcd":
                await here.submit(job)
            orders = await started(here, 3)
            begun = await begin(here, ["a", "b", "c", "d"])
            assert (str(begun.status), begun.kind, begun.label) == ("waiting", "race", "race of 4")
            here.complete(orders["a"], {"chisq": 1.9})
            await here.final("a")
            line = why(here, "race")
            assert line == "race: 1 of 4 have ended, none good enough yet: best chisq 1.9 of job a"
            extra = await here.started()  # d takes the slot that a has left
            orders |= {"d": extra}
            here.complete(orders["b"], {"chisq": 1.1, "name": "b"})
            ended = await here.final("race")
            assert str(ended.status) == "completed"
            assert ended.race is not None
            (winner,) = ended.race.winners
            assert (winner.job, winner.rank, ended.race.by) == ("b", 1.1, "good enough")
            assert await killed(here, orders, 2) == {"c", "d"}
            for loser in "cd":
                record = await here.final(loser)
                assert str(record.status) == "cancelled"
                assert record.error == "cancelled: job b won the race race"
            assert "won by job b" in why(here, "race")
            assert here.engine.cancelled.empty()

    run(test)


def test_those_that_wait_never_start(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            await here.submit("queued")
            await here.submit("waiting", when=JobIs(job="queued", phase=Phase.STARTED))
            await begin(here, ["a", "queued", "waiting"])
            order = await here.started()
            here.complete(order, {"chisq": 1.0})
            await here.final("race")
            assert here.status("queued", "waiting") == ["cancelled", "cancelled"]
            await here.submit("next")
            assert (await here.started()).job_id == "next"

    run(test)


def test_a_winner_that_is_there_already_keeps_the_others_from_starting(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=4) as here:
            await here.submit("good")
            await here.run_next({"chisq": 1.0})
            losers = [here.request(job) for job in "abc"]
            submission = [*losers, race_request("race", ["a", "good", "b", "c"])]
            records = await here.scheduler.submit(USER, submission)
            assert [str(each.status) for each in records] == [*["cancelled"] * 3, "completed"]
            await here.submit("next")
            assert (await here.started()).job_id == "next"  # none of them came before

    run(test)


@pytest.mark.parametrize("value", [{"chisq": 5.0}, "no number", None, {"chisq": float("inf")}])
def test_where_none_is_good_enough_it_fails_and_says_what_each_had(
    tmp_path: Path, value: Any
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit("b")
            orders = await started(here, 2)
            await begin(here, ["a", "b"])
            here.fail(orders["a"], "ValueError: thin")
            await here.final("a")
            assert here.status("race") == ["waiting"]
            here.complete(orders["b"], value)
            ended = await here.final("race")
            assert str(ended.status) == "failed"
            assert ended.error is not None
            assert ended.error.startswith(
                "none of 2 is good enough: job a failed: ValueError: thin; job b"
            )

    run(test)


@pytest.mark.parametrize(("prefer", "best"), [(Prefer.LOWEST, "b"), (Prefer.HIGHEST, "a")])
def test_where_none_is_good_enough_the_best_by_rank_wins_if_asked(
    tmp_path: Path, prefer: Prefer, best: str
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=3) as here:
            for job in "abc":
                await here.submit(job)
            orders = await started(here, 3)
            await begin(here, ["a", "b", "c"], if_none=IfNone.BEST, prefer=prefer)
            here.complete(orders["a"], {"chisq": 7.0})
            here.complete(orders["b"], {"chisq": 5})
            here.fail(orders["c"])
            ended = await here.final("race")
            assert str(ended.status) == "completed"
            assert ended.race is not None
            assert [each.job for each in ended.race.winners] == [best]
            assert ended.race.by == "rank"

    run(test)


def test_all_that_fail_are_one_clear_failure_also_where_the_best_was_asked_for(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit("b")
            orders = await started(here, 2)
            await begin(here, ["a", "b"], if_none=IfNone.BEST)
            for order in orders.values():
                here.fail(order, "ValueError: thin")
            ended = await here.final("race")
            assert ended.error == (
                "none of 2 is good enough: job a failed: ValueError: thin; "
                "job b failed: ValueError: thin"
            )

    run(test)


def test_several_are_kept_with_their_values_and_files_in_order(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=3) as here:
            for job in "abc":
                await here.submit(job)
            orders = await started(here, 3)
            await begin(here, ["a", "b", "c"], keep=2)
            for job, chisq in (("b", 1.1), ("a", 1.0)):
                work = orders[job].directory / "work"
                work.mkdir(exist_ok=True)
                (work / "fit.txt").write_text(job)
                here.complete(orders[job], {"chisq": chisq})
                await here.final(job)
            ended = await here.final("race")
            assert ended.race is not None
            assert [each.job for each in ended.race.winners] == ["a", "b"]
            assert sorted(file.name for file in ended.files) == ["0/fit.txt", "1/fit.txt"]
            await here.submit("next", value_of("race", 0, "chisq"))
            assert await killed(here, orders) == {"c"}
            order = await here.started()
            (argument,) = here.call_of(order)["args"]
            assert argument["value"] == [{"chisq": 1.0}, {"chisq": 1.1}]

    run(test)


def test_fewer_than_were_asked_for_have_won_when_no_other_can(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit("b")
            orders = await started(here, 2)
            await begin(here, ["a", "b"], keep=2)
            here.complete(orders["a"], {"chisq": 1.0})
            here.fail(orders["b"])
            ended = await here.final("race")
            assert ended.race is not None
            assert [each.job for each in ended.race.winners] == ["a"]

    run(test)


# -- progress


def test_what_is_good_enough_by_its_progress_goes_on_to_its_end(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit("b")
            orders = await started(here, 2)
            await begin(here, [streamed("a"), streamed("b")])
            report(orders["a"], 1.9)
            report(orders["b"], 1.1)
            assert await killed(here, orders) == {"a"}
            record = await here.final("a")
            assert record.error == "cancelled: job b won the race race"
            assert here.status("b", "race") == ["running", "waiting"]
            assert why(here, "race").startswith("decided: won by job b; it ends")
            assert not (orders["b"].directory / "stop").exists()
            here.complete(orders["b"], {"chisq": 0.9})
            ended = await here.final("race")
            assert ended.race is not None
            assert [(each.job, each.rank) for each in ended.race.winners] == [("b", 0.9)]

    run(test)


def test_with_keep_all_that_run_are_asked_to_stop_and_what_they_return_is_kept(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit("b")
            orders = await started(here, 2)
            await here.submit("queued")
            among = [streamed(job) for job in ("a", "b", "queued")]
            await begin(here, among, stop=StopHow.KEEP, grace_s=900.0)
            report(orders["b"], 1.1)
            await here.until("race", lambda record: bool(record.race and record.race.decided))
            assert all((order.directory / "stop").exists() for order in orders.values())
            assert here.status("a", "b", "queued") == ["running", "running", "cancelled"]
            for job, chisq in (("a", 1.9), ("b", 1.1)):
                here.complete(orders[job], {"chisq": chisq})
                assert (await here.final(job)).error == "stopped early, kept its best"
            assert str((await here.final("race")).status) == "completed"

    run(test)


def test_what_was_good_enough_and_then_failed_before_that_was_seen_is_out(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit("b")
            orders = await started(here, 2)
            report(orders["a"], 1.0)
            here.fail(orders["a"])
            await here.final("a")
            await begin(here, [streamed("a"), streamed("b")])
            assert here.status("race") == ["waiting"]
            here.fail(orders["b"])
            ended = await here.final("race")
            assert str(ended.status) == "failed"

    run(test)


def test_a_winner_that_fails_after_all_is_how_the_race_fails(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            orders = await started(here, 1)
            await begin(here, [streamed("a")])
            report(orders["a"], 1.0)
            await here.until("race", lambda record: bool(record.race and record.race.decided))
            here.fail(orders["a"], "ValueError: thin")
            ended = await here.final("race")
            assert ended.error is not None
            assert "what was good enough while it ran did not complete" in ended.error
            assert "ValueError: thin" in ended.error

    run(test)


def test_what_needs_a_race_starts_with_its_winners_value(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            orders = await started(here, 1)
            await begin(here, ["a"])
            await here.submit("plot", value_of("race", "chisq"))
            here.complete(orders["a"], {"chisq": 1.0})
            order = await here.started()
            assert order.job_id == "plot"
            assert here.call_of(order)["args"][0]["value"] == {"chisq": 1.0}

    run(test)


# -- restarts and refusals


@pytest.mark.parametrize("stop", list(StopHow))
def test_a_service_that_starts_again_goes_on_where_it_was(tmp_path: Path, stop: StopHow) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit("b")
            orders = await started(here, 2)
            await begin(here, [streamed("a"), streamed("b")], stop=stop, grace_s=900.0)
        report(orders["a"], 1.0)  # while nobody listens
        async with lab(tmp_path) as here:
            await here.until("race", lambda record: bool(record.race and record.race.decided))
            if stop is StopHow.KEEP:  # they are told once that is committed
                async with asyncio.timeout(LIMIT_S):
                    for order in orders.values():
                        while not (order.directory / "stop").exists():  # noqa: ASYNC110 (a file)
                            await asyncio.sleep(0)
        async with lab(tmp_path) as here:
            if stop is StopHow.CANCEL:
                assert await killed(here, orders) == {"b"}
            else:
                here.complete(orders["b"], {"chisq": 3.0})
            here.complete(orders["a"], {"chisq": 1.0})
            assert str((await here.final("race")).status) == "completed"
            states = {StopHow.CANCEL: "cancelled", StopHow.KEEP: "completed"}
            assert str((await here.final("b")).status) == states[stop]
            decided = [kind for kind, _ in here.history("race") if kind == "completed"]
            assert len(decided) == 1

    run(test)


def test_an_unknown_competitor_is_refused(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("of-eve", user="eve")
            for name in ("absent", "of-eve"):
                with pytest.raises(UnknownItem):
                    await begin(here, [name])

    run(test)


def test_a_race_that_cannot_be_read_ends_and_nobody_else(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            orders = await started(here, 1)
            await begin(here, ["a"])
            here.database.write(
                lambda c: c.exec_driver_sql("UPDATE races SET document = '{}'")
            ).result()
            here.complete(orders["a"], {"chisq": 1.0})
            assert str((await here.final("a")).status) == "completed"
            ended = await here.final("race")
            assert ended.error is not None
            assert "cannot be settled" in ended.error

    run(test)


def test_a_settled_race_that_is_run_again_starts_nobody(tmp_path: Path) -> None:
    async def test() -> None:
        memory = Recall(Looks(), runtime_hash="ef")
        async with lab(tmp_path, slots=2, memory=memory) as here:

            def again(number: int) -> list[JobRequest]:
                names = [f"{call}-{number}" for call in "abc"]
                jobs = [here.request(name, arguments={"n": name[0]}) for name in names]
                return [*jobs, race_request(f"race-{number}", names)]

            await here.scheduler.submit(USER, again(1))
            orders = await started(here, 2)
            here.complete(orders["b-1"], {"chisq": 1.0})
            await here.final("race-1")
            assert await killed(here, orders) == {"a-1"}
            await here.scheduler.submit(USER, again(2))
            record = await here.final("race-2")
            assert record.race is not None
            assert [each.job for each in record.race.winners] == ["b-2"]
            assert here.status("a-2", "b-2", "c-2") == ["cancelled", "completed", "cancelled"]
            assert here.engine.orders.empty()

    run(test)
