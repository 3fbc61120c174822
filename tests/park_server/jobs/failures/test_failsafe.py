"""Whatever raises, wherever: the job ends once, its dependents too, and its slot is free."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, text
from support.faults.injection import Fault, faults, told_calls
from support.labs.schedule_lab import USER, Lab, lab, run, value_of
from support.session.limits import LIMIT_S
from support.session.slow_cases import slow_after

from park.model.conditions import JobIs, Phase, any_of
from park.model.ids import JobId
from park.model.states import JobState
from park.wire import FetchRequest
from park_server.jobs.admission.room import room_of_slots
from park_server.jobs.conditions.cascade import Cascade
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.job_end import JobEnd
from park_server.jobs.seams import FetchedFile

FILE = FetchedFile(url="http://x.example/a", sha256="ab" * 32, size=1, name="a")
JOBS = ["first", "refers", "odd", "fetched", "last"]


class OneFile:
    """Fetches the one file that there is."""

    async def fetch(self, *_: object) -> FetchedFile:
        return FILE


async def submitted(here: Lab) -> None:
    """Submit a job, what needs it in each way, and a fetch."""
    await here.submit("first")
    await here.submit("refers", value_of("first"))
    anyhow = any_of([JobIs(job="first", phase=phase) for phase in (Phase.FAILED, Phase.STARTED)])
    await here.submit("odd", when=anyhow)
    request = FetchRequest(url="http://x.example/a")
    await here.submit("fetched", fetch=request, entry_point="park:fetch_url", lock_hash=None)
    await here.submit("last", when=JobIs(job="fetched", phase=Phase.FINISHED))


async def completing(here: Lab) -> None:
    """Let everything complete that starts."""
    while True:
        order = await here.engine.orders.get()
        here.complete(order)


async def everything_ends(here: Lab) -> None:
    finishing = asyncio.create_task(completing(here))
    for job in JOBS:
        await here.final(job)
    finishing.cancel()
    while here.dispatcher.slots()[0]:  # what finds that there is nothing to do
        await here.in_the_meantime()
    for job in JOBS:
        ends = [kind for kind, _ in here.history(job) if kind in {"completed", "failed"}]
        cancelled = [kind for kind, _ in here.history(job) if kind == "cancelled"]
        assert len(ends) + len(cancelled) == 1, "it ends once"


async def a_restart_finds_nothing(root: Path) -> None:
    async with lab(root, slots=1, fetcher=OneFile()) as here:
        await here.in_the_meantime()
        assert here.engine.orders.empty()
        assert set(here.status(*JOBS)) <= {"completed", "failed", "cancelled"}
        await here.submit("another")
        await here.run_next()


HOLDERS = ("", "dispatcher", "dispatcher._starts", "dispatcher._exits", "fetch_queue", "failsafe")
"""What takes a job from its queue to its end; what these call is a step."""

STEPS = [
    ("commits", "write_joint"),
    ("database", "awrite_joint"),
    ("database", "write_joint"),
    ("folders", "prepare"),
    ("folders", "collect"),
    ("engine", "start"),
    ("commits", "publish"),
    ("commits", "publish_once"),
    ("bus", "publish"),
    ("disk", "patiently"),
    ("settlement", "started"),
    ("settlement", "progressed"),
    ("failsafe", "end"),
    ("folders", "clear"),
    ("folders", "marks"),
    ("dispatcher._starts", "begin"),
    ("dispatcher._starts._environments", "ready"),
    ("dispatcher._exits", "settle"),
    ("dispatcher._exits._run_notes", "noted"),
    ("dispatcher._limits", "expect"),
    ("dispatcher._queues", "next"),
    ("dispatcher.expected", "note"),
    ("fetch_queue._fetcher", "fetch"),
    ("areas", "resolved"),
]
"""The steps that await, write, or ask the disk."""

IN_MEMORY = "counts in memory: it asks nobody and waits for nothing"
OF_THE_TEST = "the test asks it as well"

NO_STEPS = {
    ("bus", "wait_until"): OF_THE_TEST,
    ("database", "read"): OF_THE_TEST,
    ("folders", "aged_progress"): OF_THE_TEST,
    ("folders", "path_of"): IN_MEMORY,
    ("folders", "progress"): OF_THE_TEST,
    ("folders", "report_age_s"): OF_THE_TEST,
    ("folders", "with_progress"): OF_THE_TEST,
    ("dispatcher", "enqueue"): OF_THE_TEST,
    ("dispatcher", "on_exited"): OF_THE_TEST,
    ("dispatcher", "pid_of"): OF_THE_TEST,
    ("dispatcher", "slots"): OF_THE_TEST,
    ("dispatcher._queues", "add"): IN_MEMORY,
    ("dispatcher._room", "fits"): IN_MEMORY,
    ("dispatcher._room", "free"): IN_MEMORY,
    ("dispatcher._room", "is_counted"): IN_MEMORY,
    ("dispatcher._room", "is_full"): IN_MEMORY,
    ("dispatcher._room", "is_shared"): IN_MEMORY,
    ("dispatcher._room", "slots"): IN_MEMORY,
    ("dispatcher._room", "take"): IN_MEMORY,
    ("dispatcher._room", "taken"): IN_MEMORY,
    ("dispatcher._steps", "do"): IN_MEMORY,
    ("dispatcher._tasks", "spawn"): IN_MEMORY,
    ("dispatcher._turns", "gave_back"): IN_MEMORY,
    ("dispatcher._turns", "noted"): IN_MEMORY,
    ("dispatcher._turns", "reconsider"): IN_MEMORY,
    ("dispatcher._turns", "took"): IN_MEMORY,
    ("fetch_queue._queue", "reconsider"): IN_MEMORY,
    ("fetch_queue._queue", "turn"): IN_MEMORY,
    ("fetch_queue._turns", "gave_back"): IN_MEMORY,
    ("fetch_queue._turns", "reconsider"): IN_MEMORY,
    ("scheduler", "progress"): OF_THE_TEST,
    ("scheduler", "record"): OF_THE_TEST,
}
"""What else is called, each with the reason why nothing is raised there."""


def test_each_step_that_there_is_has_its_exceptions(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1, fetcher=OneFile()) as here:
            await submitted_quietly(here)
            with told_calls(here, HOLDERS) as called:
                here.dispatcher.enqueue([])
                async with asyncio.timeout(LIMIT_S):
                    await everything_ends(here)
        assert called - set(STEPS) - NO_STEPS.keys() == set(), "a new step: raise something there"
        assert set(STEPS) - called == set(), "no step any more: nothing was ever raised there"

    run(test)


@pytest.mark.parametrize("after", slow_after(1, [False, True]), ids=["before", "after"])
@pytest.mark.parametrize("step", slow_after(6, STEPS), ids=".".join)
def test_an_exception_at_any_step_ends_the_job_and_nothing_else(
    tmp_path: Path, step: tuple[str, str], *, after: bool
) -> None:
    async def test() -> None:
        for root, fault in faults(tmp_path, after=after):
            async with lab(root, slots=1, fetcher=OneFile()) as here:
                await submitted_quietly(here)
                with fault.at_step(here, step):
                    here.dispatcher.enqueue([])
                    async with asyncio.timeout(LIMIT_S):
                        await everything_ends(here)
                errors = [here.scheduler.record(JobId(job), USER).error or "" for job in JOBS]
            await a_restart_finds_nothing(root)
            assert all("\udcff" not in error for error in errors)

    run(test)


async def submitted_quietly(here: Lab) -> None:
    """Submit the jobs while no slot is free, so that all of their steps are still to come."""
    here.dispatcher._room = room_of_slots(0)
    await submitted(here)
    here.dispatcher._room = room_of_slots(1)


def test_a_defect_is_the_reason_of_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            fault = Fault(1, after=False)
            monkeypatch.setattr(here.folders, "prepare", fault.around(here.folders.prepare))
            await here.submit("first")
            await here.submit("refers", value_of("first"))
            record = await here.final("first")
            assert record.status == "failed"
            assert record.error == r"the service failed: Injected: half a pair: \udcff"
            assert (await here.final("refers")).status == "cancelled"
            await here.submit("next")
            assert await here.run_next() == "next"

    run(test)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ("UPDATE jobs SET status = 'asleep' WHERE id = 'bad'", "its state is asleep"),
        ("UPDATE jobs SET kind = 'dream' WHERE id = 'bad'", "its kind is dream"),
        ("UPDATE jobs SET condition = '{' WHERE id = 'bad'", "its condition is no JSON"),
        ("UPDATE jobs SET pools = '{' WHERE id = 'bad'", "its units of pools are no JSON"),
        ("UPDATE jobs SET pools = '{\"a\": \"b\"}' WHERE id = 'bad'", "units of pools"),
        ("UPDATE calls SET document = '{' WHERE job = 'bad'", "the service failed: JSONDecode"),
        ("UPDATE calls SET document = :deep WHERE job = 'bad'", "the service failed: Recursion"),
        ("UPDATE jobs SET not_before = 'soon' WHERE id = 'bad'", None),
        ("UPDATE installs SET error = '{'", None),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_running", [False, True], ids=["queued", "running"])
def test_no_row_stops_a_start(
    tmp_path: Path, damage: str, why: str | None, *, is_running: bool
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=int(is_running)) as before:
            await before.submit("bad")
            await before.submit("waits", value_of("bad"))
            await before.submit("good")
            if is_running:
                await before.started()
            values = {"deep": "[" * 100_000 + "]" * 100_000} if ":deep" in damage else {}
            await before.database.awrite(lambda c: c.execute(text(damage), values))
        async with lab(tmp_path, slots=1) as here:
            finishing = asyncio.create_task(completing(here))
            assert (await here.final("good")).status == "completed"
            bad = await here.final("bad")
            assert (await here.final("waits")).status.is_final
            finishing.cancel()
            if why is not None:
                assert bad.status == "failed"
                assert why in str(bad.error)

    run(test)


def test_a_condition_that_cannot_be_settled_is_the_end_of_its_job_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("first")
            phases = (Phase.FAILED, Phase.FINISHED)
            anyhow = any_of([JobIs(job="first", phase=phase) for phase in phases])
            await here.submit("odd", when=anyhow)
            await here.submit("plain", value_of("first"))
            weigh = Cascade._weigh
            monkeypatch.setattr(Cascade, "_weigh", Fault(1, after=False).around(weigh))
            await here.run_next()
            assert await here.run_next() == "plain"
            odd = await here.final("odd")
            assert odd.status == "cancelled"
            assert "its condition cannot be settled: Injected" in str(odd.error)

    run(test)


# -- ends that come together


def test_jobs_that_end_together_end_in_one_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, together = Settlement.end_all, list[int]()

    def end_all(self: Settlement, connection: Connection, ends: Sequence[Any]) -> Any:
        together.append(len(ends))
        return really(self, connection, ends)

    monkeypatch.setattr(Settlement, "end_all", end_all)

    async def test() -> None:
        async with lab(tmp_path, slots=4) as here:
            for job in "abcd":
                await here.submit(job)
            await here.submit("last", *map(value_of, "abcd"))
            orders = [await here.started() for _ in "abcd"]
            release = Event()
            busy = here.database.write(lambda _: release.wait())
            for order in orders:
                here.complete(order)
            while here.database._queue.qsize() < 4:  # noqa: ASYNC110 (nobody tells of it)
                await asyncio.sleep(0)
            release.set()
            for job in "abcd":
                await here.final(job)
            assert together == [4]
            await asyncio.wrap_future(busy)
            assert await here.run_next() == "last"

    run(test)


def test_an_end_that_cannot_be_written_keeps_no_other_from_its_own(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=4) as here:
            for job in "abc":
                await here.submit(job)
            for _ in "abc":
                await here.started()
            end = JobEnd(status=JobState.COMPLETED, result={"n": 7})
            ended = [JobId(job) for job in ("a", "b", "nobody", "b", "c")]
            await asyncio.gather(*(here.failsafe.end(job, end) for job in ended))
            assert here.status(*"abc") == ["completed"] * 3

    run(test)
