"""What follows from what: chains, failures, conditions, pools and restarts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.labs.schedule_lab import USER, Lab, lab, run, value_of
from support.session.limits import LIMIT_S

from park.errors import UnknownItem, UsageError
from park.model.conditions import (
    After,
    At,
    Comparison,
    Expression,
    InstallIs,
    JobIs,
    Literal,
    Operand,
    Phase,
    Pool,
    all_of,
    any_of,
    at_least_of,
    negated,
)
from park.model.ids import JobId
from park.model.references import Reference, What
from park.model.states import InstallState, JobState
from park.wire import JobRecord
from park_server.db.tables import jobs
from park_server.jobs import job_rows
from park_server.jobs.job_end import JobEnd


def job_is(job: str, phase: Phase) -> JobIs:
    return JobIs(job=job, phase=phase)


def failed(times: int) -> Callable[[JobRecord], bool]:
    return lambda record: record.failures == times


def less(left: Operand, limit: Any) -> Comparison:
    return Comparison(left=left, operator="<", right=Literal(value=limit))


# -- chains


def test_a_job_starts_with_what_it_waited_for(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            record = await here.submit("b", value_of("a", "fit", "chisq"), value_of("a"))
            assert (record.status, record.when) == ("waiting", None)
            first = await here.started()
            assert here.engine.orders.empty()
            here.complete(first, {"fit": {"chisq": 1.5}})
            second = await here.started()
            value = {"fit": {"chisq": 1.5}}
            path = [["item", "fit"], ["item", "chisq"]]
            assert here.call_of(second)["args"] == [
                {"$park": "selected", "value": value, "path": path},
                value,
            ]
            assert [kind for kind, _ in here.history("b")] == ["waiting", "queued", "running"]

    run(test)


def test_a_failure_takes_with_it_what_needs_it_and_nothing_else(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("00000000000a", entry_point="mymodel:fit")
            await here.submit("00000000000b", value_of("00000000000a"), entry_point="mymodel:plot")
            await here.submit("00000000000c", value_of("00000000000b"))
            await here.submit("other")
            await here.submit("after-other", value_of("other"))
            here.fail(await here.started())
            plot, last = await here.final("00000000000b"), await here.final("00000000000c")
            line = "needs job …00000a (fit()) completed; it failed: ZeroDivisionError: "
            line += "division by zero"
            assert (plot.status, plot.error) == ("cancelled", line)
            nested = f"needs job …00000b (plot(…00000a.output)) completed; it was cancelled: {line}"
            assert (last.status, last.error) == ("cancelled", nested)
            assert last.finished is not None
            assert here.history("00000000000c")[-1] == ("cancelled", {"error": nested})
            assert await here.run_next() == "other"
            assert await here.run_next() == "after-other"

    run(test)


def test_a_long_chain_of_causes_keeps_its_root(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("job-0")
            for n in range(1, 40):
                await here.submit(f"job-{n}", value_of(f"job-{n - 1}"))
            here.fail(await here.started(), "the root of it all")
            error = (await here.final("job-39")).error or ""
            assert len(error) <= 1000
            assert error.startswith("needs job job-38 ")
            assert error.endswith("it failed: the root of it all")

    run(test)


def test_cleaning_up_runs_after_a_failure_and_not_after_success(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            for job in ("good", "bad"):
                await here.submit(job)
                await here.submit(f"clean-{job}", when=job_is(job, Phase.FAILED))
            here.complete(await here.started())
            here.fail(await here.started())
            spared = await here.final("clean-good")
            assert spared.status == "cancelled"
            assert spared.error == "needs job good (fit()) failed; it completed"
            assert await here.run_next() == "clean-bad"

    run(test)


def test_a_batch_may_need_each_other_in_any_order(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            batch = [
                here.request("c", value_of("b"), value_of("a")),
                here.request("b", value_of("a")),
                here.request("a"),
            ]
            records = await here.scheduler.submit(USER, batch)
            assert [record.status for record in records] == ["waiting", "waiting", "queued"]
            assert [await here.run_next() for _ in range(3)] == ["a", "b", "c"]

    run(test)


@pytest.mark.parametrize("stranger", ["absent", "anothers", "an-install-of-nobody"])
def test_a_batch_that_needs_the_unknown_is_refused_as_a_whole(
    tmp_path: Path, stranger: str
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("anothers", user="bob")
            batch = [here.request("a"), here.request("b", value_of(stranger))]
            with pytest.raises(UnknownItem, match=f"no job {stranger} on this service"):
                await here.scheduler.submit(USER, batch)
            with pytest.raises(UnknownItem, match=stranger):
                await here.submit("c", when=any_of([job_is(stranger, Phase.FAILED)] * 2))
            for job in ("a", "b", "c"):
                with pytest.raises(UnknownItem):
                    here.scheduler.record(JobId(job), USER)

    run(test)


def test_a_cycle_is_refused_and_named(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            batch = [
                here.request("z", value_of("a")),
                here.request("a", value_of("b")),
                here.request("b", when=job_is("c", Phase.FAILED)),
                here.request("c", value_of("a")),
            ]
            with pytest.raises(UsageError, match="a needs b needs c needs a"):
                await here.scheduler.submit(USER, batch)
            with pytest.raises(UsageError, match="itself needs itself"):
                await here.submit("itself", value_of("itself"))

    run(test)


def test_what_has_ended_already_is_settled_at_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("good")
            await here.submit("bad")
            here.complete(await here.started())
            here.fail(await here.started(), "no luck")
            await here.final("good")
            await here.final("bad")
            batch = [
                here.request("x", value_of("good")),
                here.request("y", value_of("bad")),
                here.request("z", value_of("y")),
                here.request("w", when=job_is("bad", Phase.FAILED)),
            ]
            records = {each.id: each for each in await here.scheduler.submit(USER, batch)}
            assert [records[job].status for job in "xyzw"] == [
                "queued",
                "cancelled",
                "cancelled",
                "queued",
            ]
            assert records["y"].error == "needs job bad (fit()) completed; it failed: no luck"
            assert {await here.run_next(), await here.run_next()} == {"x", "w"}

    run(test)


def test_a_job_that_waits_for_all_of_none_starts(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("gather", when=all_of([]))
            assert await here.run_next() == "gather"

    run(test)


def test_a_retry_of_the_client_changes_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            batch = [here.request("a"), here.request("b", value_of("a"))]
            await here.scheduler.submit(USER, batch)
            again = await here.scheduler.submit(USER, [*batch, here.request("c", value_of("b"))])
            assert [record.status for record in again][1:] == ["waiting", "waiting"]
            assert [await here.run_next() for _ in range(3)] == ["a", "b", "c"]
            assert len(here.history("b")) == 4

    run(test)


# -- conditions


def test_any_and_at_least(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=3) as here:
            parts = [job_is(job, Phase.COMPLETED) for job in "abc"]
            for job in "abc":
                await here.submit(job)
            await here.submit("any", when=any_of(parts))
            await here.submit("two", when=at_least_of(2, parts))
            await here.submit("none", when=negated(any_of(parts)))
            a, b, c = [await here.started() for _ in range(3)]
            here.fail(a)
            await here.final("a")
            assert here.status("any", "two", "none") == ["waiting"] * 3
            here.complete(b)
            assert (await here.final("none")).error == "needs that job b did not complete; it did"
            order = await here.started()
            assert order.job_id == "any"
            here.fail(c)
            record = await here.final("two")
            assert record.status == "cancelled"
            assert "job a" in str(record.error)
            assert "job c" in str(record.error)

    run(test)


def test_a_start_wakes_who_waits_for_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=2) as here:
            await here.submit("blocker")
            await here.submit("other")
            await here.submit("a")
            await here.submit("b", when=job_is("a", Phase.STARTED))
            blocker = await here.started()
            assert here.status("b") == ["waiting"]
            await here.started()
            here.complete(blocker)
            assert (await here.started()).job_id == "a"
            assert (await here.until("b", lambda r: r.status == "queued")).status == "queued"
            await here.submit("late", when=job_is("a", Phase.STARTED))
            assert here.status("late") == ["queued"]

    run(test)


def test_a_job_that_never_started_never_will_have(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("blocker")
            await here.submit("a")
            await here.submit("b", when=job_is("a", Phase.STARTED))
            await here.scheduler.cancel(JobId("a"), USER)
            record = await here.final("b")
            assert record.error == (
                "needs job a (fit()) started; it was cancelled before it started"
            )

    run(test)


@pytest.mark.parametrize(
    ("result", "status", "error"),
    [
        ({"chisq": 1.1}, "queued", None),
        ({"chisq": 1.2}, "cancelled", "needs value of job a['chisq'] < 1.2; it is 1.2"),
        ({"x": 1}, "cancelled", "cannot be compared on the service: it has no item 'chisq'"),
        ({"chisq": "low"}, "cancelled", "'<' not supported between"),
        (
            {"$park": "pickle", "type": "mymodel.Fit", "base64": "", "set_hash": "cd"},
            "cancelled",
            "it is a mymodel.Fit, which only jobs can read",
        ),
    ],
)
def test_a_comparison_starts_or_cancels(
    tmp_path: Path, result: Any, status: str, error: str | None
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit("b", when=less(value_of("a", "chisq"), 1.2))
            here.complete(await here.started(), result)
            record = await here.until("b", lambda r: r.status != "waiting")
            assert record.status in {status, "running"}
            assert (error or "") in (record.error or "")

    run(test)


def progress_of(job: str, key: str) -> Reference:
    return Reference(job=job, what=What.PROGRESS).item(key)


def report(here: Lab, job: str, **values: Any) -> None:
    with (here.folders.path_of(JobId(job)) / "progress.jsonl").open("a") as file:
        file.write(json.dumps({"done": None, "total": None, "values": values}) + "\n")


def test_progress_starts_what_waits_for_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit("b", when=less(progress_of("a", "chisq"), 2))
            await here.submit("hopeless", when=less(progress_of("a", "chisq"), 1))
            order = await here.started()
            report(here, "a", other=1)
            report(here, "a", chisq=None)
            report(here, "a", chisq=2.5)
            report(here, "a", chisq=1.5)
            report(here, "a", chisq=9.0)  # what was true once is true
            assert (await here.started()).job_id == "b"
            assert here.status("hopeless") == ["waiting"]
            here.complete(order)
            record = await here.final("hopeless")
            assert record.error == (
                "needs progress of job a['chisq'] < 1; job a (fit()) completed without"
            )

    run(test)


@pytest.mark.parametrize("name", ["", "..", "../../etc", "a/b", ".a", "a" * 65, "a\n", "\0"])
def test_an_id_that_could_lead_out_of_the_folder_of_jobs_is_refused(
    tmp_path: Path, name: str
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            with pytest.raises(UsageError, match="is no id"):
                await here.submit(name)

    run(test)


@pytest.mark.parametrize(
    "facts",
    [{"timeout_s": 0}, {"timeout_s": -1}, {"timeout_s": float("inf")}, {"memory_bytes": -5}],
)
def test_limits_that_no_job_can_keep_are_refused(tmp_path: Path, facts: dict[str, Any]) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            with pytest.raises(UsageError, match="expected more than 0"):
                await here.submit("a", **facts)

    run(test)


def test_a_delay_has_an_end(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            for seconds in (1e300, True):
                when = {"version": 1, "condition": {"after": seconds}}
                request = replace(here.request("a"), when=when)
                with pytest.raises(UsageError, match="not a condition"):
                    await here.scheduler.submit(USER, [request])

    run(test)


def test_lists_and_objects_are_compared_as_well(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            result = {"fit": [1, {"chisq": 2}]}
            left = value_of("a", "fit")
            for job, right in (("b", [1, {"chisq": 2}]), ("c", [1, {"chisq": 3}])):
                equal = Comparison(left=left, operator="==", right=Literal(value=right))
                await here.submit(job, when=equal)
            here.complete(await here.started(), result)
            assert (await here.started()).job_id == "b"
            assert (await here.final("c")).status == "cancelled"

    run(test)


def test_a_last_report_counts_when_the_job_has_ended(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit("b", when=less(progress_of("a", "done"), 2))
            order = await here.started()
            report(here, "a", chisq=1)
            (order.directory / "progress.jsonl").write_text('{"done": 1, "values": {}}\n')
            here.fail(order)
            assert (await here.started()).job_id == "b"

    run(test)


def test_a_moment_is_waited_for(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("past", when=At(moment=datetime(2020, 1, 1, tzinfo=UTC)))
            assert (await here.started()).job_id == "past"
            begin = datetime.now(UTC)
            record = await here.submit("soon", when=After(seconds=0.05))
            assert record.when is not None
            assert set(record.when["condition"]) == {"at"}
            assert (await here.started()).job_id == "soon"
            assert datetime.now(UTC) >= begin + timedelta(seconds=0.05)

    run(test)


def test_before_a_moment_is_never_once_it_has_come(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            soon = At(moment=datetime.now(UTC) + timedelta(seconds=0.05))
            await here.submit("b", when=all_of([job_is("a", Phase.COMPLETED), negated(soon)]))
            record = await here.final("b")
            assert record.status == "cancelled"
            assert str(record.error).startswith("needs to start before ")

    run(test)


# -- installs


def test_a_job_waits_for_its_install_and_is_bound_to_its_lock(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.install("i", InstallState.RESOLVING)
            await here.submit("a", install="i")
            await here.submit("b", value_of("a"), install="i")
            await here.submit("c", install="i", when=any_of([job_is("a", Phase.FINISHED)] * 2))
            assert here.status("a", "b", "c") == ["waiting"] * 3
            await here.install("i", InstallState.READY)
            order = await here.started()
            assert (order.job_id, order.lock_hash, order.set_hash) == ("a", "ab", "cd")
            here.complete(order)
            assert {(await here.started()).lock_hash for _ in "bc"} == {"ab"}
            await here.submit("late", install="i")
            assert here.scheduler.record(JobId("late"), USER).lock_hash == "ab"

    run(test)


def test_a_failed_install_cancels_with_its_reason(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.install("i", InstallState.RESOLVING)
            await here.submit("a", install="i")
            failed = InstallIs(install="i", phase=Phase.FAILED)
            await here.submit("b", when=failed)
            await here.install("i", InstallState.FAILED, error={"detail": "no wheel"})
            record = await here.final("a")
            assert record.error == "needs install i (mymodel==1.0) ready; it failed: no wheel"
            assert (await here.started()).job_id == "b"
            await here.submit("late", install="i")
            assert here.status("late") == ["cancelled"]

    run(test)


# -- pools


def test_units_of_a_pool_are_taken_in_turn_and_given_back(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=9, pools={"licence": 2}) as here:
            wants = {"a": 1, "b": 2, "c": 1, "d": 1}
            for job, count in wants.items():
                await here.submit(job, when=Pool(name="licence", count=count))
            first = await here.started()
            assert here.status(*wants) == ["running", "waiting", "waiting", "waiting"]
            assert [(p.name, p.size, p.taken) for p in here.scheduler.pools()] == [
                ("licence", 2, 1)
            ]
            here.complete(first)
            second = await here.started()  # a large request is not overtaken for ever
            assert (second.job_id, here.status("c", "d")) == ("b", ["waiting", "waiting"])
            here.fail(second)
            assert {(await here.started()).job_id for _ in "cd"} == {"c", "d"}
            assert here.scheduler.pools()[0].taken == 2

    run(test)


@pytest.mark.parametrize(
    ("pool", "line"),
    [
        (Pool(name="absent", count=1), "needs 1 of absent; the pools here: licence"),
        (Pool(name="licence", count=3), "needs 3 of licence, which has 2"),
    ],
)
def test_what_a_pool_cannot_have_is_never(tmp_path: Path, pool: Pool, line: str) -> None:
    async def test() -> None:
        async with lab(tmp_path, pools={"licence": 2}) as here:
            record = await here.submit("a", when=pool)
            assert (record.status, record.error) == ("cancelled", line)

    run(test)


def test_parts_that_ask_for_more_than_a_pool_has_keep_nobody_from_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=3, pools={"licence": 2}) as here:
            parts = [Pool(name="licence", count=2), Pool(name="licence", count=1)]
            record = await here.submit("a", when=all_of(parts))
            line = "needs 2 of licence and 1 of licence at once; licence has 2"
            assert (record.status, record.error) == ("cancelled", line)
            await here.submit("b")
            beyond = any_of([all_of(parts), job_is("b", Phase.COMPLETED)])
            assert (await here.submit("c", when=beyond)).status == "waiting"
            await here.submit("d", when=parts[0])
            orders = {order.job_id: order for order in [await here.started() for _ in "bd"]}
            assert set(orders) == {"b", "d"}
            here.complete(orders[JobId("b")])
            assert (await here.started()).job_id == "c"

    run(test)


def test_parts_of_a_pool_fail_with_what_they_could_be_replaced_by(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=3, pools={"licence": 2}) as here:
            await here.submit("b")
            order = await here.started()
            three = all_of([Pool(name="licence", count=2), Pool(name="licence", count=1)])
            await here.submit("c", when=any_of([three, job_is("b", Phase.COMPLETED)]))
            here.fail(order)
            record = await here.final("c")
            assert record.status == "cancelled"
            assert "2 of licence and 1 of licence at once" in (record.error or "")

    run(test)


def test_what_holds_a_pool_goes_before_the_queue(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1, pools={"licence": 1}) as here:
            for job in ("first", "x", "y"):
                await here.submit(job)
            await here.submit("urgent", when=Pool(name="licence", count=1))
            assert await here.run_next() == "first"
            assert await here.run_next() == "urgent"
            assert here.scheduler.pools()[0].taken == 0

    run(test)


def test_units_are_given_back_by_a_job_cancelled_in_the_queue(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1, pools={"licence": 1}) as here:
            await here.submit("blocker")
            await here.submit("a", when=Pool(name="licence", count=1))
            await here.submit("b", when=Pool(name="licence", count=1))
            assert here.status("a", "b") == ["queued", "waiting"]
            await here.scheduler.cancel(JobId("a"), USER)
            assert here.status("a", "b") == ["cancelled", "queued"]

    run(test)


def test_a_choice_between_a_pool_and_a_job_takes_what_comes(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=3, pools={"licence": 1}) as here:
            licence = Pool(name="licence", count=1)
            await here.submit("holder", when=licence)
            await here.submit("a")
            await here.submit("b", when=any_of([licence, job_is("a", Phase.COMPLETED)]))
            orders = {order.job_id: order for order in [await here.started() for _ in "12"]}
            assert here.status("b") == ["waiting"]
            here.complete(orders[JobId("a")])
            assert (await here.started()).job_id == "b"
            assert here.scheduler.pools()[0].taken == 1
            here.complete(orders[JobId("holder")])
            await here.final("holder")
            assert here.scheduler.pools()[0].taken == 0

    run(test)


# -- retries


def test_a_job_is_failed_only_when_its_retries_are_spent(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a", retries=2, backoff_s=0.01)
            await here.submit("b", when=job_is("a", Phase.FAILED))
            for failures in (1, 2):
                here.fail(await here.started(), f"no luck {failures}")
                record = await here.until("a", failed(failures))
                assert here.status("b") == ["waiting"]
                assert record.retries == 2
            here.fail(await here.started(), "no luck 3")
            record = await here.final("a")
            assert (record.attempt, record.failures, record.error) == (3, 3, "no luck 3")
            again = [data for kind, data in here.history("a") if kind == "queued" and data]
            assert again == [
                {"error": "no luck 1", "failures": 1},
                {"error": "no luck 2", "failures": 2},
            ]
            assert (await here.started()).job_id == "b"

    run(test)


def test_a_retry_waits_for_its_time_and_no_cancelled_job_is_tried_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a", retries=3, backoff_s=3600)
            await here.submit("b", retries=3, backoff_s=0)
            a, b = await here.started(), await here.started()
            here.fail(a)
            record = await here.until("a", lambda r: r.failures == 1)
            assert (record.status, record.started) == ("queued", None)
            assert record.not_before is not None
            here.dispatcher.enqueue([JobId("a")])
            assert here.engine.orders.empty()
            await here.dispatcher.cancel(JobId("b"))
            here.fail(b)
            assert (await here.final("b")).status == "cancelled"
            assert (await here.scheduler.cancel(JobId("a"), USER)).status == "cancelled"

    run(test)


# -- cancelling


def test_a_cancelled_wait_is_not_started_by_what_it_waited_for(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit("b", value_of("a"))
            await here.submit("c", value_of("b"))
            assert (await here.scheduler.cancel(JobId("b"), USER)).status == "cancelled"
            assert here.scheduler.record(JobId("c"), USER).error == (
                "needs job b (fit(a.output)) completed; it was cancelled before it started"
            )
            assert await here.run_next() == "a"
            assert here.engine.orders.empty()

    run(test)


def test_a_cancel_with_dependents_takes_all_that_needs_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=2) as here:
            await here.submit("a")
            await here.submit("b", value_of("a"))
            await here.submit("c", when=job_is("b", Phase.FINISHED))
            await here.submit("d", when=job_is("a", Phase.STARTED))
            await here.submit("other")
            orders = {order.job_id: order for order in [await here.started() for _ in "12"]}
            cancelling = asyncio.create_task(
                here.scheduler.cancel(JobId("a"), USER, dependents=True)
            )
            running = orders.keys() - {"other"}
            # none waits until another is gone
            stopped = {
                await asyncio.wait_for(here.engine.cancelled.get(), LIMIT_S) for _ in running
            }
            assert stopped == running
            for job in running:
                here.fail(orders[job])
            await cancelling
            assert here.status("a", "b", "c") == ["cancelled"] * 3
            assert (
                here.scheduler.record(JobId("c"), USER).error == "cancelled on request, with job a"
            )

    run(test)


# -- restarts


CONDITIONS: dict[str, Expression | None] = {
    "plain": None,
    "evaluated": any_of([job_is("a", Phase.COMPLETED), job_is("b", Phase.FAILED)]),
}


@pytest.mark.parametrize("kind", CONDITIONS)
def test_what_waited_is_taken_up_after_a_restart(tmp_path: Path, kind: str) -> None:
    async def test() -> None:
        async with lab(tmp_path) as before:
            await before.submit("a")
            await before.submit("b")
            references = [value_of("a")] if kind == "plain" else []
            await before.submit("c", *references, when=CONDITIONS[kind])
            await before.started()
            await before.started()
        async with lab(tmp_path) as here:
            a = await here.started()
            assert a.job_id == "a"
            here.complete(a)
            await here.started()
            assert (await here.started()).job_id == "c"

    run(test)


def test_moments_pools_and_retries_are_taken_up_after_a_restart(tmp_path: Path) -> None:
    async def test() -> None:
        pools = {"licence": 1}
        async with lab(tmp_path, slots=5, pools=pools) as before:
            await before.submit("a", when=Pool(name="licence", count=1))
            await before.submit("b", when=Pool(name="licence", count=1))
            await before.submit("again", retries=1, backoff_s=0.3)
            await before.started()
            before.fail(await before.started())
            await before.until("again", lambda r: r.failures == 1)
            await before.submit("later", when=After(seconds=0.3))
        async with lab(tmp_path, slots=5, pools=pools) as here:
            a = await here.started()
            assert (a.job_id, here.scheduler.pools()[0].taken) == ("a", 1)
            assert here.status("b") == ["waiting"]
            assert {(await here.started()).job_id for _ in "12"} == {"again", "later"}
            here.complete(a)
            assert (await here.started()).job_id == "b"

    run(test)


def test_an_install_that_ended_while_nobody_looked_is_found(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as before:
            await before.install("i", InstallState.RESOLVING)
            await before.submit("a", install="i")
            change = "UPDATE installs SET state='ready', lock_hash='ab' WHERE id='i'"
            before.database.write(lambda c: c.exec_driver_sql(change)).result()
        async with lab(tmp_path) as here:
            order = await here.started()
            assert (order.job_id, order.lock_hash) == ("a", "ab")

    run(test)


@pytest.mark.parametrize("starts", [1, 2])
def test_an_install_that_was_counted_is_not_counted_again(tmp_path: Path, starts: int) -> None:
    async def test() -> None:
        async with lab(tmp_path) as before:
            await before.install("i", InstallState.RESOLVING)
            await before.submit("a", install="i")
            await before.submit("b", value_of("a"), install="i")
            await before.submit("c", value_of("b"), value_of("a"), install="i")
            await before.install("i", InstallState.READY)
            assert (await before.started()).job_id == "a"
        for _ in range(starts):
            async with lab(tmp_path) as here:
                assert here.status("a", "b", "c") == ["running", "waiting", "waiting"]
        async with lab(tmp_path) as here:
            here.complete(await here.started())
            b = await here.started()
            assert (b.job_id, here.status("c")) == ("b", ["waiting"])
            here.complete(b)
            assert (await here.started()).job_id == "c"

    run(test)


def test_one_that_failed_while_nobody_looked_cancels(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as before:
            await before.install("i", InstallState.RESOLVING)
            await before.submit("a", install="i")
            await before.submit("b", value_of("a"), install="i")
            change = "UPDATE installs SET state='failed' WHERE id='i'"
            before.database.write(lambda c: c.exec_driver_sql(change)).result()
        async with lab(tmp_path) as here:
            assert here.status("a", "b") == ["cancelled", "cancelled"]

    run(test)


def test_what_is_rolled_back_leaves_nothing_behind(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=5, pools={"licence": 1}) as here:
            await here.submit("a")
            both = all_of([job_is("a", Phase.FINISHED), Pool(name="licence", count=1)])
            await here.submit("b", when=both)
            order = await here.started()

            def fails(connection: Any) -> None:
                end = JobEnd(status=JobState.FAILED, error="x")
                here.settlement.end(connection, JobId("a"), end)
                assert job_rows.get(connection, JobId("b")).status == "queued"
                raise RuntimeError("the disk is full")

            with pytest.raises(RuntimeError, match="disk"):
                here.database.write(fails).result()
            assert here.status("a", "b") == ["running", "waiting"]
            here.complete(order)
            assert (await here.started()).job_id == "b"
            assert here.scheduler.pools()[0].taken == 1

    run(test)


def test_nothing_is_left_of_the_count_of_what_has_started(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.submit(
                "b", value_of("a"), value_of("a", "x"), when=job_is("a", Phase.COMPLETED)
            )
            row = here.database.read(lambda c: job_rows.get(c, JobId("b")))
            assert row.pending == 1
            here.complete(await here.started())
            await here.started()
            found = here.database.read(lambda c: c.execute(jobs.select()).all())
            assert [each.pending for each in found] == [None, 0]

    run(test)
