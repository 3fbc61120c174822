"""What ends is counted once, with the engine that it was on and the times that it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.labs.rows import add_install
from support.labs.schedule_lab import lab, run

from park.model.asked.resources import Resources
from park.model.states import InstallState, JobKind
from park_server import events
from park_server.operating.latencies import Ended, EndedLatencies, engine_of_job

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection


def test_jobs_that_ended_before_are_not_counted_and_no_end_is_counted_twice(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("old")
            await here.run_next()
            found = EndedLatencies(here.database)
            await here.submit("new")
            await here.submit("next")
            await here.run_next()
            for _ in range(2):
                found.catch_up("local")
                assert found.jobs == {("local", "completed"): 1}
            order = await here.started()
            here.fail(order)
            await here.final("next")
            found.catch_up("local")
            assert found.jobs == {("local", "completed"): 1, ("local", "failed"): 1}
            counts = [found.waiting, found.running, found.whole]
            assert [each["local"].count for each in counts] == [2, 2, 2]
            whole = found.waiting["local"].total + found.running["local"].total
            assert found.whole["local"].total == pytest.approx(whole)

    run(test)


def test_installs_that_ended_are_counted_with_their_time(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            found = EndedLatencies(here.database)

            def change(connection: Connection) -> None:
                add_install(
                    connection, "i", InstallState.READY, created="2026-11-23T08:00:00.000000Z"
                )
                events.append(connection, subject="install", id="i", type="ready", user="ada")

            await here.database.awrite(change)
            found.catch_up("local")
            assert (found.installs, found.install_seconds.count) == ({"ready": 1}, 1)
            assert found.jobs == {}

    run(test)


def ended(**facts: str | None) -> Ended:
    times = {
        "submitted": "2026-11-23T08:00:00.000000Z",
        "started": "2026-11-23T08:00:02.000000Z",
        "finished": "2026-11-23T08:00:05.000000Z",
    }
    return Ended(engine="local", state="completed", **{**times, **facts})  # type: ignore[arg-type]


def test_the_times_of_a_job(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            found = EndedLatencies(here.database)
            found.note_job(ended())
            totals = [each["local"].total for each in (found.waiting, found.running, found.whole)]
            assert totals == [2.0, 3.0, 5.0]
            found.note_job(ended(started=None))  # answered by what another one left
            assert (found.waiting["local"].count, found.whole["local"].count) == (1, 2)
            found.note_job(ended(started="2026-11-23T07:00:00.000000Z"))  # the clock was set back
            assert found.waiting["local"].total == 2.0

    run(test)


def test_the_engine_of_a_job() -> None:
    assert engine_of_job(JobKind.CALL, None, "slurm") == "slurm"
    assert engine_of_job(JobKind.CALL, Resources(engine="local"), "slurm") == "local"
    assert engine_of_job(JobKind.FETCH, None, "slurm") == "service"
