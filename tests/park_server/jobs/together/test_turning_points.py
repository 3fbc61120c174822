"""What many jobs do at once is what each would do by itself, in a few statements."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from support.labs.databases import database_at

from park.model.ids import JobId
from park.model.states import JobState
from park.wire import FileRecord, JobRequest
from park_server import events
from park_server.jobs import job_rows, job_view
from park_server.jobs.conditions.creation import NewJob
from park_server.jobs.conditions.creation import create as create_jobs
from park_server.jobs.job_end import STOPPED_EARLY, JobEnd
from park_server.jobs.together.turning_points import complete_all, is_plain, start_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from park_repo.database import Database

USER = "ada"
SUBMITTED = "2026-11-23T07:00:00.000000Z"
JOBS = [JobId(name) for name in ("a", "b", "c", "d", "e")]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path)
    new = [
        NewJob(
            request=JobRequest(id=job, entry_point="mymodel:fit", call={}, lock_hash="ab"),
            label="fit()",
            state=JobState.QUEUED,
        )
        for job in JOBS
    ]
    database.write(lambda c: create_jobs(c, USER, new, SUBMITTED)).result()
    yield database
    database.close()


def ended(result: Any = None, **facts: Any) -> JobEnd:
    return JobEnd(status=JobState.COMPLETED, result=result, **facts)


def told(database: Database, job: JobId) -> list[tuple[str, Any]]:
    """Return the events of ``job`` after its creation."""
    found = database.read(lambda c: events.after(c, USER, 0, 100))
    return [(each["type"], each["data"]) for each in found if each["id"] == job][1:]


def test_those_that_may_start_do_each_in_its_environment(database: Database) -> None:
    database.write(lambda c: start_all(c, {JOBS[4]: "/envs/x"}, "ef")).result()
    environments: dict[JobId, str | None] = dict(
        zip(JOBS, ("/1", "/2", "/1", None, "/1"), strict=True)
    )
    started = database.write(lambda c: start_all(c, environments, "ef")).result()
    assert {job: each.attempt for job, each in started.items()} == dict.fromkeys(JOBS[:4], 1)
    for job, environment in zip(JOBS, ("/1", "/2", "/1", None, "/envs/x"), strict=True):
        record = database.read(lambda c, job=job: job_view.record(c, job, USER))  # type: ignore[misc]
        assert (record.status, record.environment) == (JobState.RUNNING, environment)
        assert told(database, job) == [("running", {})]
        assert record.started is not None
        assert job not in started or started[job].started == record.started


def test_those_that_complete_leave_what_each_returned(database: Database) -> None:
    database.write(lambda c: start_all(c, dict.fromkeys(JOBS, "/1"), "ef")).result()
    ends = {
        JOBS[0]: ended({"x": 2.0}),
        JOBS[1]: ended(machine={"cpu": "it"}),
        JOBS[2]: ended(0),
    }
    changed = database.write(lambda c: complete_all(c, ends)).result()
    assert sorted((each.id, each.user, each.attempt) for each in changed) == [
        (job, USER, 1) for job in JOBS[:3]
    ]
    for job, end in ends.items():
        record = database.read(lambda c, job=job: job_view.record(c, job, USER))  # type: ignore[misc]
        assert (record.status, record.error) == (JobState.COMPLETED, None)
        result = database.read(lambda c, job=job: job_rows.result_of(c, job))  # type: ignore[misc]
        assert result == end.result
        said = {"machine": end.machine} if end.machine else {}
        assert told(database, job)[1:] == [("completed", said)]


def test_one_that_was_asked_to_stop_says_so(database: Database) -> None:
    database.write(lambda c: start_all(c, dict.fromkeys(JOBS, "/1"), "ef")).result()
    database.write(lambda c: job_rows.request_stop(c, JOBS[0], datetime.now(UTC))).result()
    database.write(lambda c: complete_all(c, dict.fromkeys(JOBS[:2], ended(1)))).result()
    lines = [
        database.read(lambda c, job=job: job_view.record(c, job, USER)).error  # type: ignore[misc]
        for job in JOBS[:2]
    ]
    assert lines == [STOPPED_EARLY, None]
    assert told(database, JOBS[0])[1:] == [("completed", {"error": STOPPED_EARLY})]


def test_where_one_cannot_complete_none_does(database: Database) -> None:
    database.write(lambda c: start_all(c, dict.fromkeys(JOBS[:1], "/1"), "ef")).result()
    ends = dict.fromkeys(JOBS[:2], ended(1))
    with pytest.raises(job_rows.ImpossibleTransition, match=r"\['b'\]"):
        database.write(lambda c: complete_all(c, ends)).result()
    record = database.read(lambda c: job_view.record(c, JOBS[0], USER))
    assert record.status == JobState.RUNNING


def test_most_ends_are_plain() -> None:
    file = FileRecord(name="fit.png", sha256="cd", size=3)
    assert is_plain(ended(7))
    assert not any(
        map(
            is_plain,
            [
                ended(7, files=[file]),
                ended(7, error="it left too much"),
                JobEnd(status=JobState.FAILED),
            ],
        )
    )


@pytest.mark.of_sqlite  # its driver tells each statement
def test_many_change_by_one_statement(database: Database) -> None:
    statements: list[str] = []
    with database.engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(statements.append)
        start_all(connection, dict.fromkeys(JOBS, "/1"), "ef")
        complete_all(connection, dict.fromkeys(JOBS, ended(1)))
        driver.set_trace_callback(None)
    assert sum(each.startswith("UPDATE jobs") for each in statements) == 2
    assert not any(each.startswith("SELECT") for each in statements)
