from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection
from support.labs.databases import database_at, engine_with_tables

from park.errors import UnknownItem
from park.model.ids import JobId
from park.model.states import JobState, may_follow
from park.wire import FileRecord, JobRequest
from park_repo.database import Database
from park_server import events
from park_server.jobs import job_rows, job_view
from park_server.jobs.conditions.creation import NewJob
from park_server.jobs.conditions.creation import create as create_jobs
from park_server.jobs.job_end import JobEnd, cancelled_in_time
from park_server.jobs.job_view import JobFilter
from park_server.jobs.left import file_rows
from park_server.jobs.together.turning_points import start_all

JOB = JobId("0199")
USER = "ada"
SUBMITTED = "2026-11-23T07:00:00.000000Z"


def request(id: str = "0199", **facts: Any) -> JobRequest:  # noqa: A002
    return JobRequest(
        id=id,
        entry_point="mymodel:fit",
        call={"args": [], "kwargs": {}},
        lock_hash="ab",
        label="f()",
        **facts,
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path)
    yield database
    database.close()


def create(connection: Connection, new: JobRequest, status: JobState) -> bool:
    return bool(
        create_jobs(
            connection, USER, [NewJob(request=new, label=new.label or "", state=status)], SUBMITTED
        )
    )


def types_of(database: Database) -> list[str]:
    return [event["type"] for event in database.read(lambda c: events.after(c, USER, 0, 100))]


def test_a_job_goes_its_way_and_leaves_its_events(database: Database) -> None:
    file = FileRecord(name="fit.png", sha256="cd", size=3)
    database.write(lambda c: create(c, request(), JobState.QUEUED)).result()
    (queued,) = database.read(lambda c: job_rows.to_start(c, [JOB, JobId("absent")]))
    assert (queued.user, queued.request) == (USER, request())
    started = database.write(lambda c: start_all(c, {JOB: "/envs/ab"}, "ef").get(JOB)).result()
    assert started is not None
    assert started.attempt == 1
    assert database.read(lambda c: job_rows.to_start(c, [JOB])) == []
    end = JobEnd(status=JobState.COMPLETED, result={"chisq": 1.9}, files=[file])
    database.write(lambda c: job_rows.end(c, JOB, end)).result()
    record = database.read(lambda c: job_view.record(c, JOB, USER))
    assert (record.status, record.attempt, record.files) == ("completed", 1, [file])
    assert (record.environment, record.runtime_hash, record.pid) == ("/envs/ab", "ef", None)
    assert database.read(lambda c: job_rows.result_of(c, JOB)) == {"chisq": 1.9}
    assert types_of(database) == ["queued", "running", "completed"]


def test_a_retry_of_the_client_is_harmless(database: Database) -> None:
    written = [
        database.write(lambda c: create(c, request(), JobState.QUEUED)).result() for _ in range(2)
    ]
    assert written == [True, False]
    assert types_of(database) == ["queued"]


def test_another_users_job_does_not_exist(database: Database) -> None:
    database.write(lambda c: create(c, request(), JobState.QUEUED)).result()
    with pytest.raises(UnknownItem, match="no job 0199"):
        database.read(lambda c: job_rows.get(c, JOB, "bob"))
    assert database.read(lambda c: job_view.newest(c, "bob", JobFilter(), limit=10)) == []
    assert database.read(lambda c: events.after(c, "bob", 0, 10)) == []


def test_a_job_cancelled_while_it_was_queued_does_not_start(database: Database) -> None:
    database.write(lambda c: create(c, request(), JobState.QUEUED)).result()
    database.write(lambda c: job_rows.end(c, JOB, cancelled_in_time())).result()
    assert database.write(lambda c: start_all(c, {JOB: "/envs/ab"}, "ef").get(JOB)).result() is None
    assert types_of(database) == ["queued", "cancelled"]


def test_a_running_job_is_cancelled_only_when_it_has_ended(database: Database) -> None:
    database.write(lambda c: create(c, request(), JobState.QUEUED)).result()
    database.write(lambda c: start_all(c, {JOB: "/envs/ab"}, "ef").get(JOB)).result()
    database.write(lambda c: job_rows.request_cancel(c, JOB)).result()
    row = database.read(lambda c: job_rows.get(c, JOB))
    assert (row.status, row.cancel_requested) == ("running", True)


def test_an_absent_file_is_told_with_those_that_there_are(database: Database) -> None:
    file = FileRecord(name="fit.png", sha256="cd", size=3)
    database.write(lambda c: create(c, request(), JobState.QUEUED)).result()
    database.write(lambda c: start_all(c, {JOB: "/envs/ab"}, "ef").get(JOB)).result()
    end = JobEnd(status=JobState.FAILED, error="x", files=[file])
    database.write(lambda c: job_rows.end(c, JOB, end)).result()
    assert database.read(lambda c: file_rows.file_of(c, JOB, "fit.png")) == file
    with pytest.raises(UnknownItem, match=r"no file 'fit.pdf'; it has: fit\.png"):
        database.read(lambda c: file_rows.file_of(c, JOB, "fit.pdf"))


class JobLife(RuleBasedStateMachine):
    """Whatever is asked, in any order: only the transitions of the model ever happen."""

    def __init__(self) -> None:
        super().__init__()
        self._made = ExitStack()
        self.engine = self._made.enter_context(engine_with_tables())

    def teardown(self) -> None:
        self._made.close()

    @initialize(status=st.sampled_from([JobState.WAITING, JobState.QUEUED]))
    def submit(self, status: JobState) -> None:
        with self.engine.begin() as connection:
            create(connection, request(), status)

    def _try(self, change: Any) -> None:
        with suppress(job_rows.ImpossibleTransition), self.engine.begin() as connection:
            change(connection)

    @rule()
    def retry(self) -> None:
        self._try(lambda c: job_rows.retry(c, JOB, "no luck", datetime.now(UTC)))

    @rule()
    def start(self) -> None:
        self._try(lambda c: start_all(c, {JOB: "/envs/ab"}, "ef").get(JOB))

    @rule()
    def requeue(self) -> None:
        self._try(lambda c: job_rows.requeue(c, JOB))

    @rule()
    def cancel(self) -> None:
        self._try(lambda c: job_rows.end(c, JOB, cancelled_in_time()))

    @rule(status=st.sampled_from([s for s in JobState if s.is_final]))
    def end(self, status: JobState) -> None:
        self._try(lambda c: job_rows.end(c, JOB, JobEnd(status=status)))

    @invariant()
    def the_log_tells_a_life(self) -> None:
        with self.engine.connect() as connection:
            log = [event["type"] for event in events.after(connection, USER, 0, 1000)]
            if not log:
                return
            states = [JobState(state) for state in log]
            assert all(may_follow(a, b) for a, b in pairwise(states))
            assert job_rows.get(connection, JOB).status == log[-1]


JobLife.TestCase.settings = settings(max_examples=60, stateful_step_count=12)
TestJobLife = JobLife.TestCase
