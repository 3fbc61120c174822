"""What is told of a submission again: beside the loop where the database has much of it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert
from support.labs.schedule_lab import USER, Lab, lab, run

from park_server.db.tables import job_files
from park_server.jobs.left.file_rows import MANY


async def takes_time(here: Lab, *jobs: str) -> bool:
    scheduler = here.scheduler
    accepted = await scheduler.accept(USER, scheduler.planned(USER, [*map(here.request, jobs)]))
    return scheduler.takes_time(USER, accepted)


def test_a_known_job_that_left_many_files_takes_time(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            assert not await takes_time(here, "a", "b")
            assert not await takes_time(here, "a", "b")
            for _ in "ab":
                await here.run_next()
            rows = [{"job": "b", "name": str(n), "sha256": "ab", "size": 1} for n in range(MANY)]
            here.database.write(lambda c: c.execute(insert(job_files), rows)).result()
            assert not await takes_time(here, "a")
            assert await takes_time(here, "a", "b")
            (again,) = await here.scheduler.submit(USER, [here.request("b")])
            assert len(again.files) == MANY

    run(test)
