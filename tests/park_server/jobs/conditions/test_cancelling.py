"""What becomes of jobs that are ended on request, by their states."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from support.labs.schedule_lab import USER, lab, run, value_of

from park.errors import UnknownItem
from park.model.ids import JobId

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def test_all_that_needs_a_job_is_ended_with_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            await here.started()
            await here.submit("b", value_of("a"))
            await here.submit("c", value_of("b"))
            found = await here.commits.write(
                lambda c: here.settlement.cancel(c, JobId("a"), dependents=True)
            )
            assert found.running == ["a"]
            assert here.status("a", "b", "c") == ["running", "cancelled", "cancelled"]
            assert sorted(found.effects.ended) == ["b", "c"]

    run(test)


def test_only_what_runs_is_asked_to_stop(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            await here.started()
            await here.submit("b")
            stops = [
                await here.commits.write(partial(here.settlement.stop, job=job, stop_by=NOW))
                for job in (JobId("a"), JobId("b"))
            ]
            assert [found.effects.stopping for found in stops] == [[("a", NOW)], []]
            assert [found.running for found in stops] == [[], []]
            assert here.status("a", "b") == ["running", "cancelled"]

    run(test)


def test_an_unknown_job_is_said_so(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            with pytest.raises(UnknownItem):
                await here.scheduler.cancel(JobId("absent"), USER)
            with pytest.raises(UnknownItem):
                await here.scheduler.stop(JobId("absent"), USER, grace_s=1.0)

    run(test)
