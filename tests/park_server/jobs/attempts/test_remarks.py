"""What is said of how the process of a job was started, and how it goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
from support.labs.schedule_lab import USER, ToldEngine, lab, run

from park.model.ids import JobId
from park.model.states import JobState
from park_server.jobs import job_rows
from park_server.jobs.attempts.remarks import remarks_on
from park_server.jobs.engines.engine import Engine, ProcessorUse

if TYPE_CHECKING:
    from pathlib import Path

    from park_server.jobs.stored_job import StoredJob


@pytest.fixture
def running(tmp_path: Path) -> StoredJob:
    """A job that has run for a minute."""
    found: list[StoredJob] = []

    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            await here.started()
            found.append(here.database.read(lambda c: job_rows.get(c, JobId("a"), USER)))

    run(test)
    started = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    return replace(found[0], started=started)


def remarks(job: StoredJob, used: ProcessorUse | None, unforkable: str = "") -> list[str]:
    engine = ToldEngine()
    engine.used, engine.unforkable = used, unforkable
    return remarks_on(job, cast("Engine", engine))


def test_a_fork_that_does_not_use_the_processor_is_told_apart(running: StoredJob) -> None:
    (line,) = remarks(running, ProcessorUse(cpu_s=0.0, is_forked=True))
    assert line.startswith("used the processor for 0 s of 1 min: where it waits for threads")
    (line,) = remarks(running, ProcessorUse(cpu_s=59.0, is_forked=True))
    assert line == "used the processor for 59 s of 1 min"


def test_it_is_told_beside_why_there_was_no_fork(running: StoredJob) -> None:
    use = ProcessorUse(cpu_s=1.0, is_forked=False)
    assert remarks(running, use, "importing it started 3 threads") == [
        "in a fresh interpreter, which takes longer to start: importing it started 3 threads",
        "used the processor for 1 s of 1 min",
    ]


def test_nothing_is_told_of_one_that_does_not_run_or_that_nobody_sees(running: StoredJob) -> None:
    use = ProcessorUse(cpu_s=1.0, is_forked=True)
    assert remarks(running, None) == []
    assert remarks(replace(running, status=JobState.COMPLETED), use) == []
    assert remarks(replace(running, started=None), use) == []
