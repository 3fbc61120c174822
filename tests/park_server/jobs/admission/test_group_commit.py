"""Submissions that come together: one change, and each has its own answer."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import TYPE_CHECKING

from support.labs.schedule_lab import Lab, lab, run, value_of

from park.errors import UnknownItem
from park_server.jobs.job_view import JobFilter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from park.wire import JobRecord, JobRequest


async def submitted_together(
    here: Lab, requests: Sequence[JobRequest], user: str = "ada"
) -> tuple[list[list[JobRecord] | BaseException], int]:
    """Submit each by itself while the database is busy; return what they got, and the changes."""
    release = Event()
    busy = here.database.write(lambda _: release.wait())
    before = here.database.tally.changes
    tasks = [asyncio.create_task(here.scheduler.submit(user, [each])) for each in requests]
    await asyncio.sleep(0)
    release.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.wrap_future(busy)
    return found, here.database.tally.changes - before - 1


def needing(here: Lab, job: str, *names: str) -> list[JobRequest]:
    return [here.request(name, value_of(job)) for name in names]


def test_those_that_come_together_are_one_change(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("gate")
            found, changes = await submitted_together(here, needing(here, "gate", *"abcdef"))
            assert [each[0].id for each in found if isinstance(each, list)] == [*"abcdef"]
            assert changes == 2
            assert here.status(*"abcdef") == ["waiting"] * 6
            for each, name in zip(found, "abcdef", strict=True):
                kept = here.scheduler.listed("ada", JobFilter(), limit=10)
                (record,) = (job.record for job in kept if job.record.id == name)
                assert isinstance(each, list)
                assert each[0].submitted == record.submitted

    run(test)


def test_one_that_cannot_be_accepted_takes_no_other_with_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("gate")
            asked = [*needing(here, "gate", "a", "b"), *needing(here, "nobody", "c")]
            found, _ = await submitted_together(here, [*asked, *needing(here, "gate", "d")])
            assert [type(each) for each in found] == [list, list, UnknownItem, list]
            assert here.status("a", "b", "d") == ["waiting"] * 3

    run(test)


def test_one_job_that_is_sent_twice_at_a_time_is_one(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("gate")
            first, again, other = needing(here, "gate", "a", "b", "b")
            found, _ = await submitted_together(here, [first, again, other])
            assert [each[0].id for each in found if isinstance(each, list)] == ["a", "b", "b"]
            assert len(list(here.scheduler.listed("ada", JobFilter(), limit=10))) == 3

    run(test)


def test_those_that_may_start_start(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=3) as here:
            await submitted_together(here, [here.request(name) for name in "abcde"])
            started = [await here.run_next() for _ in range(5)]
            assert sorted(started) == [*"abcde"]

    run(test)
