"""What is looked at anew at a start is read together, and comes to what it would one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.labs.schedule_lab import USER, lab, run

from park.model.conditions import JobIs, Phase, any_of
from park.model.ids import JobId
from park_server.jobs import job_rows
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.effects import Effects


@pytest.mark.of_sqlite  # its driver tells each statement
def test_a_start_asks_no_more_for_more_jobs_that_wait(tmp_path: Path) -> None:
    async def asked(folder: Path, count: int) -> int:
        """Return the statements of a start with ``count`` waiting jobs."""
        statements: list[str] = []

        def resumed(connection: Any) -> Effects:
            connection.connection.driver_connection.set_trace_callback(statements.append)
            return here.settlement.resume(connection)

        async with lab(folder) as here:
            failing = [JobIs(job=job, phase=Phase.FAILED) for job in ("a", "b")]
            jobs = [here.request("a"), here.request("b")]
            jobs += [here.request(f"any-{n}", when=any_of(failing)) for n in range(count)]
            await here.scheduler.submit(USER, jobs)
            here.settlement._cache.is_stale = True
            await here.database.awrite(resumed)
            assert here.status(*(f"any-{n}" for n in range(count))) == ["waiting"] * count
        return len(statements)

    folders = [tmp_path / name for name in ("few", "many")]
    for each in folders:
        each.mkdir()

    async def test() -> None:
        few, many = [await asked(*each) for each in zip(folders, (2, 50), strict=True)]
        assert many <= few

    run(test)


def test_conditions_that_are_read_together_are_those_read_one_by_one(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            completed = [JobIs(job=job, phase=Phase.COMPLETED) for job in ("a", "b")]
            names = [JobId(f"job-{n}") for n in range(3)]
            jobs = [here.request("a"), here.request("b")]
            jobs += [here.request(name, when=any_of(completed)) for name in names]
            await here.scheduler.submit(USER, jobs)
            together = here.database.read(lambda c: need_rows.expressions_of(c, names))
            single = here.database.read(
                lambda c: {n: need_rows.expression_of(c, job_rows.get(c, n)) for n in names}
            )
            assert together == single

    run(test)
