"""An attempt as the dispatcher holds it: what the engine is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Connection, update
from support.labs.rows import new_job, rows_in_memory

from park.model.ids import JobId
from park.model.states import JobState
from park_server.db.tables import jobs
from park_server.envs.environment import Environment
from park_server.jobs import job_rows
from park_server.jobs.run import recovered_run, run_of
from park_server.jobs.stored_job import StartedAttempt
from park_server.jobs.together.turning_points import start_all

JOB = JobId("a")
CALL = {"args": [1], "kwargs": {}}


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        new_job(
            connection, JOB, 1, memory_bytes=7, fresh=True, set_hash="cd", state=JobState.QUEUED
        )
        yield connection


def test_a_start_becomes_the_order_of_its_attempt(connection: Connection) -> None:
    connection.execute(update(jobs).values(failures=2, attempt=2))
    (queued,) = job_rows.to_start(connection, [JOB])
    environment = cast("Environment", SimpleNamespace(path=Path("/envs/ab")))
    started = start_all(connection, {JOB: "/envs/ab"}, "ef").get(JOB)
    assert isinstance(started, StartedAttempt)
    run = run_of(queued, environment, started)
    assert (run.id, run.user, run.failures, run.attempt) == (JOB, "ada", 2, 3)
    order = run.order(Path("/jobs/a"), (Path("/shown"),))
    assert (order.job_id, order.attempt, order.environment) == (JOB, 3, Path("/envs/ab"))
    assert (order.lock_hash, order.set_hash, order.entry_point) == ("ab", "cd", "mymodel:fit")
    assert (order.memory_bytes, order.fresh, order.read_only) == (7, True, (Path("/shown"),))


def test_one_that_an_earlier_service_started_is_as_it_was(connection: Connection) -> None:
    started = start_all(connection, {JOB: "/envs/ab"}, "ef").get(JOB)
    assert started is not None
    connection.execute(update(jobs).values(cancel_requested=True, failures=1))
    run = recovered_run(job_rows.get(connection, JOB), CALL)
    assert (run.attempt, run.started, run.environment) == (1, started.started, Path("/envs/ab"))
    assert (run.cancel_requested, run.failures, run.job.call) == (True, 1, CALL)
    assert run.order(Path("/jobs/a"), ()).set_hash == "cd"


@pytest.mark.parametrize(
    ("call", "module"),
    [
        (CALL, "mymodel"),
        ({**CALL, "function": {"modules": ["numpy", "scipy.stats"]}}, "numpy,scipy.stats"),
        # it is called after a module that lies beside a script: no environment has that
        ({**CALL, "function": {"modules": []}}, "builtins"),
    ],
)
def test_nothing_is_imported_ahead_that_came_along(
    connection: Connection, call: dict[str, Any], module: str
) -> None:
    start_all(connection, {JOB: "/envs/ab"}, "ef").get(JOB)
    run = recovered_run(job_rows.get(connection, JOB), call)
    assert run.order(Path("/jobs/a"), ()).module == module


def test_a_limit_is_waited_for_no_longer(connection: Connection) -> None:
    start_all(connection, {JOB: "/envs/ab"}, "ef").get(JOB)
    run = recovered_run(job_rows.get(connection, JOB), CALL)
    run.stop_timers()  # there is none

    async def test() -> None:
        loop = asyncio.get_running_loop()
        for name in ("time", "reports"):
            run.timers[name] = loop.call_later(1e6, run.stop_timers)
        run.stop_timers()
        assert all(timer.cancelled() for timer in run.timers.values())

    asyncio.run(test())
