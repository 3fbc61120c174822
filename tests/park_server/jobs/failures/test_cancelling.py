"""Whatever raises while a job is cancelled: it ends, and the answer says how."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.faults.injection import Fault, faults
from support.labs.schedule_lab import USER, Lab, lab, run, value_of
from support.session.limits import LIMIT_S
from support.session.slow_cases import slow_after

from park.model.ids import JobId
from park.wire import FetchRequest
from park_server.jobs.engines.engine import ExitKind, StartOrder
from park_server.jobs.seams import FetchedFile

JOBS = ["first", "refers", "fetched"]
STEPS = [
    ("dispatcher", "cancel"),
    ("fetch_queue", "cancel"),
    ("engine", "cancel"),
    ("database", "awrite"),
    ("commits", "write"),
    ("commits", "publish"),
    ("settlement", "cancel"),
    ("settlement", "end"),
]


class NeverThere:
    """Waits for a file that never comes."""

    async def fetch(self, *_: object) -> FetchedFile:
        never: asyncio.Future[FetchedFile] = asyncio.get_running_loop().create_future()
        return await never


async def obeying(here: Lab, order: StartOrder) -> None:
    """End what the engine is told to cancel."""
    while True:
        await here.engine.cancelled.get()
        here.end(order, ExitKind.SIGNALLED, signal=15)


async def all_cancelled(here: Lab, order: StartOrder) -> list[str]:
    """Cancel a job that runs, with what needs it, and a fetch; return how each has ended."""
    ending = asyncio.create_task(obeying(here, order))
    async with asyncio.timeout(LIMIT_S):
        answers = [
            await here.scheduler.cancel(JobId("first"), USER, dependents=True),
            await here.scheduler.cancel(JobId("fetched"), USER),
        ]
        for job in JOBS:
            await here.final(job)
    ending.cancel()
    assert all(answer.status.is_final for answer in answers)
    return [answer.error or "" for answer in answers]


@pytest.mark.parametrize("after", slow_after(1, [False, True]), ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS, ids=".".join)
def test_an_exception_at_any_step_of_a_cancel_ends_the_job(
    tmp_path: Path, step: tuple[str, str], *, after: bool
) -> None:
    async def test() -> None:
        for root, fault in faults(tmp_path, after=after):
            async with lab(root, slots=1, fetcher=NeverThere()) as here:
                await here.submit("first")
                await here.submit("refers", value_of("first"))
                request = FetchRequest(url="http://x.example/a")
                await here.submit(
                    "fetched", fetch=request, entry_point="park:fetch_url", lock_hash=None
                )
                order = await here.started()
                await here.until("fetched", lambda record: record.status == "running")
                with fault.at_step(here, step):
                    await all_cancelled(here, order)
                await here.submit("next")
                assert await here.run_next() == "next"
            async with lab(root, slots=1, fetcher=NeverThere()) as here:
                await here.in_the_meantime()
                assert here.engine.orders.empty()

    run(test)


def test_an_engine_that_cannot_cancel_is_what_the_answer_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("first")
            await here.started()
            fault = Fault(1, after=False)
            monkeypatch.setattr(here.engine, "cancel", fault.around(here.engine.cancel))
            record = await here.scheduler.cancel(JobId("first"), USER)
            assert record.status == "cancelled"
            assert str(record.error).startswith(
                "cancelled on request, but its processes may still run: "
                "the service failed: Injected"
            )
            assert await here.engine.cancelled.get() == "first"  # once more, in the background

    run(test)


def test_a_job_without_room_that_cannot_be_stopped_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("first")
            await here.started()
            fault = Fault(1, after=False)
            monkeypatch.setattr(here.engine, "cancel", fault.around(here.engine.cancel))
            here.dispatcher.stop_for_room(JobId("first"), "it filled the disk")
            assert (await here.final("first")).status == "failed"

    run(test)
