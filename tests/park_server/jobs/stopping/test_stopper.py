"""Jobs that are asked to stop: by a file that they see, until a moment, and across restarts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.labs.schedule_lab import USER, lab, run
from support.session.limits import LIMIT_S

from park.errors import UnknownItem
from park.model.ids import JobId
from park_server.jobs.engines.engine import ExitKind

if TYPE_CHECKING:
    from support.labs.schedule_lab import Lab

A = JobId("a")


async def cancelled(here: Lab) -> str:
    """Wait until the engine is told to end a job."""
    return await asyncio.wait_for(here.engine.cancelled.get(), LIMIT_S)


def test_what_it_returns_then_is_its_result_and_its_record_says_so(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            order = await here.started()
            assert not (order.directory / "stop").exists()
            record = await here.scheduler.stop(A, USER, grace_s=900)
            assert (order.directory / "stop").exists()
            assert (str(record.status), record.stop_by is not None) == ("running", True)
            here.complete(order, 1.5)
            ended = await here.final("a")
            assert str(ended.status) == "completed"
            assert ended.error == "stopped early, kept its best"
            assert here.history("a")[-1] == ("completed", {"error": ended.error})
            assert here.engine.cancelled.empty()

    run(test)


def test_after_its_grace_it_is_killed_and_its_record_says_so(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            order = await here.started()
            await here.scheduler.stop(A, USER, grace_s=0)
            assert await cancelled(here) == "a"
            here.end(order, ExitKind.SIGNALLED, signal=9)
            ended = await here.final("a")
            assert str(ended.status) == "cancelled"
            assert ended.error == "was asked to stop and to keep its best, went on, and was killed"

    run(test)


def test_a_cancel_that_follows_is_a_cancel(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            order = await here.started()
            await here.scheduler.stop(A, USER, grace_s=900)
            ending = asyncio.create_task(here.scheduler.cancel(A, USER))
            assert await cancelled(here) == "a"
            here.end(order, ExitKind.SIGNALLED, signal=15)
            record = await ending
            assert (str(record.status), record.error) == ("cancelled", "cancelled on request")

    run(test)


def test_of_two_moments_the_earlier_one_counts(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.started()
            late = (await here.scheduler.stop(A, USER, grace_s=900)).stop_by
            soon = (await here.scheduler.stop(A, USER, grace_s=300)).stop_by
            again = (await here.scheduler.stop(A, USER, grace_s=900)).stop_by
            assert late is not None
            assert soon is not None
            assert soon < late
            assert again == soon

    run(test)


def test_one_that_does_not_run_is_cancelled_for_it_has_nothing_to_keep(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("running")
            await here.started()
            await here.submit("a")
            record = await here.scheduler.stop(A, USER, grace_s=900)
            assert (str(record.status), record.error) == (
                "cancelled",
                "cancelled before it started",
            )

    run(test)


def test_one_that_has_ended_stays_as_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            await here.run_next()
            record = await here.scheduler.stop(A, USER, grace_s=0)
            assert (str(record.status), record.error) == ("completed", None)
            with pytest.raises(UnknownItem):
                await here.scheduler.stop(A, "eve", grace_s=0)

    run(test)


@pytest.mark.parametrize("facts", [{"retries": 3}, {"restartable": True}])
def test_it_is_not_tried_again(tmp_path: Path, facts: dict[str, Any]) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a", **facts)
            order = await here.started()
            await here.scheduler.stop(A, USER, grace_s=900)
            if "retries" in facts:
                here.fail(order)
            else:
                here.end(order, ExitKind.LOST)
            assert str((await here.final("a")).status) == "failed"

    run(test)


def test_a_service_that_starts_again_asks_again_and_keeps_to_the_moment(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            order = await here.started()
            await here.scheduler.stop(A, USER, grace_s=900)
        (order.directory / "stop").unlink()
        async with lab(tmp_path) as here:
            assert (order.directory / "stop").exists()
            assert here.engine.cancelled.empty()
            await here.scheduler.stop(A, USER, grace_s=0)
            assert await cancelled(here) == "a"
        async with lab(tmp_path) as here:  # killed before that was done
            assert await cancelled(here) == "a"
            here.end(order, outcome={"state": "completed", "result": 1})
            assert (await here.final("a")).error == "stopped early, kept its best"

    run(test)


def test_one_that_cannot_be_asked_is_ended(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            order = await here.started()
            for path in order.directory.iterdir():
                path.unlink()
            order.directory.rmdir()
            order.directory.write_text("a file in its place")
            await here.scheduler.stop(A, USER, grace_s=900)
            assert await cancelled(here) == "a"

    run(test)
