"""What becomes of jobs that are ended on request, by their states."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.labs.schedule_lab import USER, lab, run, value_of

from park.errors import UnknownItem
from park.model.ids import JobId
from park_server.break_glass import open_jobs
from park_server.jobs import job_rows
from park_server.jobs.conditions.cancelling import Cancelling
from park_server.jobs.stopping import stopper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def test_all_that_needs_a_job_is_ended_with_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            await here.started()
            await here.submit("b", value_of("a"))
            await here.submit("c", value_of("b"))
            some = [JobId("c"), JobId("b")]
            found = await here.commits.write(
                lambda c: here.settlement.cancel_with(c, some, JobId("a"), {*some, "a"})
            )
            assert found.running == []
            assert here.status("a", "b", "c") == ["running", "cancelled", "cancelled"]
            assert sorted(found.effects.ended) == ["b", "c"]
            told = {here.scheduler.record(job, USER).error for job in some}
            assert told == {"cancelled on request, with job a"}

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


def test_many_are_cancelled_in_one_pass_whatever_needs_them(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            await here.started()
            await here.submit("b", value_of("a"))
            await here.submit("c")
            await here.submit("d")
            jobs = [JobId(each) for each in ("a", "c", "b", "gone", "c")]
            found = await here.commits.write(lambda c: here.settlement.cancel_all(c, jobs, "why"))
            assert found.running == ["a"]
            assert here.status("a", "b", "c", "d") == [
                "running",
                "cancelled",
                "cancelled",
                "queued",
            ]
            assert sorted(found.effects.ended) == ["b", "c"], "each has one end"

    run(test)


def test_all_of_a_user_end_with_their_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopper, "_AT_ONCE", 2)

    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            names = ["a", "b", "c", "d", "e"]
            for name in names:
                await here.submit(name)
            await here.started()
            own = here.database.read(lambda c: open_jobs.of_user(c, USER))
            assert own == names, "what runs comes first, then what would run in its place"
            await here.scheduler.cancel_all(own, "cancelled: root said so")
            assert here.status(*names) == ["running", *["cancelled"] * 4]
            assert here.engine.cancelled.get_nowait() == "a"
            for name in names:
                job = here.database.read(partial(job_rows.get, job=JobId(name)))
                assert job.error == "cancelled: root said so"

    run(test)


def test_one_that_cannot_be_cancelled_keeps_no_other(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            for name in ("a", "b", "c"):
                await here.submit(name)
            await here.started()

            def cancel(connection: Connection, jobs: Sequence[JobId]) -> Cancelling:
                if "b" in jobs:
                    raise RecursionError("a call that nobody can read")
                return here.settlement.cancel_all(connection, jobs, "")

            await here.scheduler._stopper.end_all([JobId("b"), JobId("c")], cancel)
            assert here.status("b", "c") == ["failed", "cancelled"]

    run(test)
