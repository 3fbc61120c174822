"""Calls that were made before are answered; jobs that are one call share one run."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from support.labs.schedule_lab import USER, Lab, lab, run, value_of
from support.session.limits import LIMIT_S

from park.model.conditions import JobIs, Phase, Pool
from park.model.ids import JobId
from park.model.references import Reference, What
from park.wire import FileRecord
from park_server.db.tables import jobs
from park_server.jobs import job_rows
from park_server.jobs.conditions import run_rows
from park_server.jobs.engines.engine import ExitKind
from park_server.jobs.memo import memo_rows
from park_server.jobs.memo.outside_looks import Looks
from park_server.jobs.memo.recall import Recall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def remembering(root: Path, **facts: Any) -> AsyncIterator[Lab]:
    memory = facts.pop("memory", None) or Recall(Looks(), runtime_hash="ef")
    async with lab(root, memory=memory, **facts) as here:
        yield here


async def one_run(here: Lab, job: str, result: Any = 7, **facts: Any) -> None:
    await here.submit(job, **facts)
    assert (await here.run_next(result)) == job


def test_the_same_call_is_answered_and_starts_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await one_run(here, "first", {"chisq": 1.2})
            record = await here.submit("second")
            assert (record.status, record.memoized_from) == ("completed", "first")
            assert record.finished is not None
            assert (record.started, record.attempt) == (None, 0)
            left = here.database.read(lambda c: job_rows.result_of(c, JobId("second")))
            assert left == {"chisq": 1.2}
            assert here.engine.orders.empty()
            assert here.history("second") == [("completed", {"memoized_from": "first"})]

    run(test)


def test_another_argument_lock_or_user_is_another_call(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path, slots=9) as here:
            await one_run(here, "first", arguments={"n": 1})
            others: list[tuple[str, dict[str, Any]]] = [
                ("argument", {"arguments": {"n": 1.0}}),
                ("function", {"arguments": {"n": 1}, "entry_point": "mymodel:other"}),
                ("fresh", {"arguments": {"n": 1}, "fresh": True}),
                ("user", {"arguments": {"n": 1}, "user": "somebody"}),
                ("asked", {"arguments": {"n": 1}, "memo": False}),
            ]
            for name, facts in others:
                await here.submit(name, **facts)
                assert (await here.started()).job_id == name

    run(test)


def test_a_run_that_was_asked_not_to_be_remembered_answers_nobody(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await one_run(here, "first", memo=False)
            await one_run(here, "second")
            assert (await here.submit("third")).memoized_from == "second"

    run(test)


def test_failed_and_cancelled_ones_answer_nobody(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.submit("failed")
            here.fail(await here.started())
            await here.final("failed")
            await here.submit("cancelled")
            await here.started()
            cancelling = here.engine.cancelled
            task = asyncio.ensure_future(here.scheduler.cancel(JobId("cancelled"), USER))
            await cancelling.get()
            here.end_cancelled("cancelled")
            await task
            await one_run(here, "third")

    run(test)


def test_a_whole_rerun_is_answered_in_its_submission(tmp_path: Path) -> None:
    """Also what refers to values and files, part by part."""

    def workflow(here: Lab, number: int) -> list[Any]:
        one, two, three = (f"{name}-{number}" for name in ("one", "two", "three"))
        return [
            here.request(one, entry_point="m:one"),
            here.request(two, value_of(one, "chisq"), entry_point="m:two"),
            here.request(three, value_of(two), value_of(one, "seconds"), entry_point="m:three"),
        ]

    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.scheduler.submit(USER, workflow(here, 1))
            for result in ({"chisq": 1.0, "seconds": 3}, [1, 2], "done"):
                await here.run_next(result)
            records = await here.scheduler.submit(USER, workflow(here, 2))
            assert [each.status for each in records] == ["completed"] * 3
            assert [each.memoized_from for each in records] == ["one-1", "two-1", "three-1"]
            assert here.engine.orders.empty()

    run(test)


def test_a_piece_whose_needs_are_answered_runs_at_once_and_others_join_it(tmp_path: Path) -> None:
    """In one submission: what comes after it waits for it, and what is the same call joins it."""

    def workflow(here: Lab, number: int, n: int) -> list[Any]:
        one, two, twin, last = (f"{name}-{number}" for name in ("one", "two", "twin", "last"))
        return [
            here.request(one, entry_point="m:one"),
            here.request(two, value_of(one), entry_point="m:two", arguments={"n": n}),
            here.request(twin, value_of(one), entry_point="m:two", arguments={"n": n}),
            here.request(last, value_of(twin), value_of(two), entry_point="m:last"),
        ]

    async def test() -> None:
        async with remembering(tmp_path, slots=4) as here:
            await here.scheduler.submit(USER, workflow(here, 1, n=1))
            for result in (1, 2, 3):
                await here.run_next(result)
            assert (await here.final("last-1")).status == "completed"
            records = await here.scheduler.submit(USER, workflow(here, 2, n=2))
            assert [each.status for each in records[:1]] == ["completed"]
            order = await here.started()
            assert (order.job_id, here.call_of(order)["args"]) == ("two-2", [1])
            assert here.engine.orders.empty()
            here.complete(order, 2)
            assert (await here.final("twin-2")).memoized_from == "two-2"
            assert (await here.final("last-2")).memoized_from == "last-1"

    run(test)


def test_who_is_answered_is_not_looked_at_in_the_next_rerun(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await one_run(here, "first")
            await here.submit("second")
            keys = {
                job: here.database.read(partial(memo_rows.key_of, job=JobId(job)))
                for job in ("first", "second")
            }
            assert keys["first"] is not None
            assert keys["second"] is None

    run(test)


def test_only_what_depends_on_a_change_runs_again(tmp_path: Path) -> None:
    def workflow(here: Lab, number: int, n: int) -> list[Any]:
        return [
            here.request(f"one-{number}", entry_point="m:one", arguments={"n": n}),
            here.request(f"two-{number}", value_of(f"one-{number}", "chisq"), entry_point="m:two"),
            here.request(f"aside-{number}", entry_point="m:aside"),
        ]

    async def test() -> None:
        async with remembering(tmp_path, slots=1) as here:
            await here.scheduler.submit(USER, workflow(here, 1, n=1))
            for result in ({"chisq": 1.0, "seconds": 3}, 5, 6):
                await here.run_next(result)
            await here.scheduler.submit(USER, workflow(here, 2, n=2))
            assert here.status("aside-2") == ["completed"]
            # another run, whose part that is referred to is the same
            await here.run_next({"chisq": 1.0, "seconds": 4})
            assert (await here.final("two-2")).memoized_from == "two-1"
            await here.scheduler.submit(USER, workflow(here, 3, n=3))
            await here.run_next({"chisq": 2.0, "seconds": 4})
            await here.run_next(9)
            assert here.status("two-3", "aside-3") == ["completed", "completed"]

    run(test)


def test_files_are_known_by_what_is_in_them(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            for number, content in enumerate([b"abc", b"abc", b"xyz"]):
                await here.submit(f"made-{number}", arguments={"n": number})
                (tmp_path / "left").write_bytes(content)
                with (tmp_path / "left").open("rb") as left:
                    sha256, size = here.content.copy(left)
                await here.end_with_files(FileRecord(name="run.refl", sha256=sha256, size=size))
                file = Reference(job=f"made-{number}", what=What.FILE)
                url = Reference(job=f"made-{number}", what=What.URL)
                await here.submit(f"used-{number}", file, url, entry_point="m:use")
                if number != 1:
                    await here.run_next()
            record = here.scheduler.record(JobId("used-1"), USER)
            assert record.memoized_from == "used-0"

    run(test)


def test_files_of_the_answer_are_those_of_the_run(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.submit("first")
            file = FileRecord(name="out/run.refl", sha256="aa", size=3)
            await here.end_with_files(file)
            assert (await here.submit("second")).files == [file]

    run(test)


def test_who_needs_what_was_answered_goes_on(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await one_run(here, "first")
            for phase in (Phase.COMPLETED, Phase.STARTED, Phase.FINISHED):
                await here.scheduler.submit(
                    USER,
                    [
                        here.request(f"again-{phase}"),
                        here.request(
                            f"after-{phase}",
                            when=JobIs(job=f"again-{phase}", phase=phase),
                            entry_point=f"m:{phase}",
                        ),
                    ],
                )
                assert await here.run_next() == f"after-{phase}"

    run(test)


# -- one run for several


def test_an_answer_is_a_use_of_its_run_which_the_quota_goes_by(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            for name in ("first", "other"):
                await one_run(here, name, arguments={"of": name})
            old = update(jobs).values(last_used="2020-01-01T00:00:00Z")
            await here.database.awrite(lambda connection: connection.execute(old))
            assert (await here.submit("again", arguments={"of": "first"})).memoized_from == "first"
            query = select(jobs.c.id, jobs.c.last_used).where(jobs.c.id.in_(["first", "other"]))
            used: Any = here.database.read(lambda connection: connection.execute(query).all())
            assert {name: last > "2026" for name, last in used} == {"first": True, "other": False}

    run(test)


def test_what_is_one_call_runs_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path, slots=9) as here:
            twins = [here.request(f"twin-{number}") for number in range(4)]
            await here.scheduler.submit(USER, twins)
            await here.submit("late")
            order = await here.started()
            await here.in_the_meantime()
            assert here.engine.orders.empty()
            assert here.status("late") == ["waiting"]
            here.complete(order, "once")
            for name in ("twin-1", "twin-2", "twin-3", "late"):
                assert (await here.final(name)).memoized_from == "twin-0"
            assert here.engine.orders.empty()

    run(test)


def test_other_limits_are_another_run(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path, slots=9) as here:
            await here.submit("first", timeout_s=5.0)
            await here.submit("second")
            assert [(await here.started()).job_id for _ in range(2)] == ["first", "second"]

    run(test)


def test_a_failure_is_that_of_who_joined_unless_it_may_try_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.submit("first")
            await here.submit("joined")
            await here.submit("again", retries=1, backoff_s=0.0)
            here.fail(await here.started(), "ValueError: no")
            record = await here.final("joined")
            assert (record.status, record.error) == ("failed", "ValueError: no")
            order = await here.started()
            assert order.job_id == "again"
            here.complete(order)
            await here.final("again")
            assert (await here.submit("later")).memoized_from == "again"

    run(test)


def test_a_cancelled_owner_leaves_its_process_to_the_others(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.submit("first")
            await here.submit("second")
            await here.submit("third")
            order = await here.started()
            record = await here.scheduler.cancel(JobId("first"), USER)
            assert record.status == "cancelled"
            assert "goes on" in (record.error or "")
            assert here.engine.cancelled.empty()
            here.complete(order, "kept")
            assert (await here.final("second")).memoized_from == "first"
            assert (await here.final("third")).memoized_from == "second"
            left: Any = here.database.read(lambda c: job_rows.result_of(c, JobId("third")))
            assert left == "kept"
            assert (await here.submit("later")).memoized_from == "second"
            assert here.engine.orders.empty()

    run(test)


def test_the_last_owner_that_is_cancelled_ends_the_process(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.submit("first")
            await here.submit("second")
            order = await here.started()
            await here.scheduler.cancel(JobId("first"), USER)
            record = await here.scheduler.cancel(JobId("second"), USER)
            assert record.status == "cancelled"
            assert here.engine.cancelled.get_nowait() == "first"
            here.end(order)
            async with asyncio.timeout(LIMIT_S):
                while here.database.read(run_rows.carried):
                    await here.in_the_meantime()

    run(test)


def test_a_cancelled_owner_that_had_not_started_leaves_its_place(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path, slots=1) as here:
            await here.submit("other", entry_point="m:other")
            for name in ("first", "second", "third"):
                await here.submit(name)
            assert (await here.scheduler.cancel(JobId("first"), USER)).status == "cancelled"
            assert await here.run_next() == "other"
            assert await here.run_next() == "second"
            assert (await here.final("third")).memoized_from == "second"

    run(test)


def test_who_joined_is_found_again_after_a_crash(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.submit("first")
            await here.submit("second")
            await here.started()
        async with remembering(tmp_path) as here:
            order = await here.started()  # taken up
            assert order.job_id == "first"
            here.complete(order)
            assert (await here.final("second")).memoized_from == "first"

    run(test)


def test_a_process_that_goes_on_for_others_is_found_again_after_a_crash(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.submit("first")
            await here.submit("second")
            await here.started()
            await here.scheduler.cancel(JobId("first"), USER)
        async with remembering(tmp_path) as here:
            order = await here.started()
            assert order.job_id == "first"
            assert here.engine.orders.empty()
            here.complete(order)
            assert (await here.final("second")).status == "completed"
            assert here.status("first") == ["cancelled"]

    run(test)


def test_a_run_that_is_lost_starts_anew_for_those_who_are_left(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.submit("first")
            await here.submit("second")
            await here.submit("third")
            order = await here.started()
            await here.scheduler.cancel(JobId("first"), USER)
            here.end(order, ExitKind.NEVER_STARTED)
            assert await here.run_next() == "second"
            assert (await here.final("third")).memoized_from == "second"

    run(test)


def test_units_of_pools_are_not_waited_for_by_what_is_answered(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path, pools={"licence": 1}) as here:
            licence = Pool(name="licence", count=1)
            await one_run(here, "first", when=licence)
            await here.submit("holder", when=licence, entry_point="m:holder")
            holder = await here.started()
            record = await here.submit("again", when=licence)
            assert record.memoized_from == "first"
            await here.submit("one", when=licence, arguments={"n": 2})
            await here.submit("two", when=licence, arguments={"n": 2})
            here.complete(holder)
            assert await here.run_next() == "one"
            assert (await here.final("two")).memoized_from == "one"

    run(test)


# -- checks of answers


def test_a_share_of_answers_is_run_and_compared(tmp_path: Path) -> None:
    async def test() -> None:
        memory = Recall(Looks(), runtime_hash="ef", checked_share=1.0)
        async with remembering(tmp_path, memory=memory) as here:
            await one_run(here, "first", 1)
            await one_run(here, "same", 1)
            assert [kind for kind, _ in here.history("same")][-1] == "completed"
            await one_run(here, "different", 2)
            types = [kind for kind, _ in here.history("different")]
            assert "memo-differs" in types
            # neither is an answer any more
            await one_run(here, "after", 3)
            assert "memo-differs" not in [kind for kind, _ in here.history("after")]

    run(test)


def test_who_joined_a_run_that_proves_impure_runs_by_itself(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.submit("first")
            await here.submit("second")
            await here.submit("third")
            await here.end_with_files(unfit="@park.job(memo=False)", is_impure=True)
            assert await here.run_next() == "second"
            assert (await here.final("third")).memoized_from == "second"

    run(test)


def test_a_run_that_answers_nobody_later_is_that_of_who_joined_it(tmp_path: Path) -> None:
    """As where a file that it read changed meanwhile: both asked for one run, and have it."""

    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.submit("first")
            await here.submit("second")
            await here.end_with_files(unfit="a file changed while it ran")
            assert (await here.final("second")).memoized_from == "first"
            assert await one_more(here, "third") == "third"

    run(test)


async def one_more(here: Lab, job: str) -> str:
    await here.submit(job)
    return await here.run_next()


def test_what_is_not_seen_to_be_there_is_looked_at_before_it_answers(tmp_path: Path) -> None:
    async def test() -> None:
        there: set[str] = set()
        memory = Recall(Looks(), runtime_hash="ef", looks_there=there.__contains__)
        async with remembering(tmp_path, memory=memory) as here:
            await here.submit("first")
            order = await here.started()
            (order.directory / "work").mkdir(exist_ok=True)
            (order.directory / "work" / "out.txt").write_text("left")
            here.complete(order)
            record = await here.final("first")
            assert (await here.submit("unseen")).status == "waiting"
            there.update(file.sha256 for file in record.files)
            assert (await here.submit("seen")).memoized_from == "first"

    run(test)


def test_a_process_that_goes_on_for_others_is_joined_as_any(tmp_path: Path) -> None:
    async def test() -> None:
        async with remembering(tmp_path) as here:
            await here.submit("first")
            await here.submit("second")
            order = await here.started()
            await here.scheduler.cancel(JobId("first"), USER)
            assert (await here.submit("third")).status == "waiting"
            await here.in_the_meantime()
            assert here.engine.orders.empty()
            here.complete(order, "kept")
            assert (await here.final("second")).status == "completed"
            assert (await here.final("third")).status == "completed"

    run(test)
