import asyncio
import logging

import pytest

from park_server.tasks import Tasks

LOG = logging.getLogger("park.test")


def test_what_is_begun_meanwhile_is_finished_too() -> None:
    done: list[str] = []

    async def test() -> None:
        tasks = Tasks(LOG, "failed")

        async def second() -> None:
            done.append("second")

        async def first() -> None:
            await asyncio.sleep(0)
            done.append("first")
            tasks.spawn(second())

        tasks.spawn(first())
        await tasks.finish()

    asyncio.run(test())
    assert done == ["first", "second"]


def test_stopping_cancels_and_waits() -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def test() -> None:
        tasks = Tasks(LOG, "failed")
        tasks.spawn(endless())
        await asyncio.sleep(0)
        await tasks.stop()
        assert ended == ["cancelled"]

    asyncio.run(test())


def test_what_comes_after_the_stop_is_not_begun(caplog: pytest.LogCaptureFixture) -> None:
    """What ends while the service stops would be written to a database that is closed."""
    begun: list[str] = []

    async def late(name: str) -> None:
        begun.append(name)

    async def leaves_work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            tasks.spawn(late("by what was cancelled"))

    async def test() -> None:
        tasks.spawn(leaves_work())
        await asyncio.sleep(0)
        await tasks.stop()
        tasks.spawn(late("afterwards"))
        await tasks.finish()

    tasks = Tasks(LOG, "failed")
    asyncio.run(test())
    assert (begun, caplog.records) == ([], [])


def test_a_failure_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise RuntimeError("broken")

    async def test() -> None:
        tasks = Tasks(LOG, "a step failed")
        tasks.spawn(fail())
        await tasks.finish()

    asyncio.run(test())
    [record] = caplog.records
    assert (record.message, str(record.exc_info and record.exc_info[1])) == (
        "a step failed",
        "broken",
    )


def test_what_is_run_goes_on_where_whoever_waits_is_cancelled() -> None:
    async def test() -> None:
        tasks, may_end, ended = Tasks(LOG, "failed"), asyncio.Event(), []

        async def work() -> str:
            await may_end.wait()
            ended.append("done")
            return "done"

        waiting = asyncio.create_task(tasks.run(work()))
        await asyncio.sleep(0)
        waiting.cancel()
        may_end.set()
        await tasks.finish()
        assert (waiting.cancelled(), ended) == (True, ["done"])
        assert await tasks.run(work()) == "done"

    asyncio.run(test())
