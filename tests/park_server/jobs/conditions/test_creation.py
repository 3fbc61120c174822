"""New jobs as rows: once however often they are sent, and no secret where it would stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, select
from support.labs.rows import USER, rows_in_memory

from park.model.states import JobState
from park.wire import FetchRequest, JobRequest
from park_server import events
from park_server.db.tables import calls, fetches, jobs
from park_server.jobs.conditions.creation import NewJob, create

MOMENT = "2026-11-23T07:00:00.000000Z"
CALL = {"args": [1, {"a": 2.0}], "kwargs": {}}


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def new(job: str, state: JobState = JobState.QUEUED, **facts: Any) -> NewJob:
    written = {name: facts.pop(name) for name in ("pending", "condition") if name in facts}
    hashes = {f"{name}_hash": facts.pop(name) for name in ("lock", "set") if name in facts}
    request = JobRequest(id=job, entry_point="mymodel:fit", call=CALL, **facts)
    return NewJob(request=request, label=f"job {job}", state=state, **written, **hashes)


def row_of(connection: Connection, job: str) -> Any:
    return connection.execute(select(jobs).where(jobs.c.id == job)).one()


def test_a_job_is_written_as_it_was_asked_for(connection: Connection) -> None:
    asked = new("a", lock_hash="ab", set_hash="cd", timeout_s=60, retries=2, fresh=True)
    assert create(connection, USER, [asked], MOMENT) == [asked]
    row = row_of(connection, "a")
    assert (row.user, row.status, row.submitted, row.kind) == (USER, "queued", MOMENT, "call")
    assert (row.lock_hash, row.set_hash, row.attempt, row.failures) == ("ab", "cd", 0, 0)
    assert (row.timeout_s, row.retries, row.fresh, row.restartable) == (60.0, 2, True, False)
    assert connection.execute(select(calls.c.document)).scalars().all() == [CALL]


def test_the_hashes_of_a_ready_install_are_those_of_its_job(connection: Connection) -> None:
    both = [new("a", install="i", lock="ef", set="01"), new("b", lock_hash="ab", lock="ef")]
    create(connection, USER, both, MOMENT)
    hashes = [(row_of(connection, job).lock_hash, row_of(connection, job).set_hash) for job in "ab"]
    assert hashes == [("ef", "01"), ("ab", None)]


def test_what_is_known_is_left_as_it_is_and_not_told_again(connection: Connection) -> None:
    create(connection, USER, [new("a")], MOMENT)
    waiting = new("b", JobState.WAITING, pending=2)
    assert create(connection, USER, [new("a", JobState.WAITING), waiting], "later") == [waiting]
    assert (row_of(connection, "a").status, row_of(connection, "a").submitted) == ("queued", MOMENT)
    assert (row_of(connection, "b").pending, row_of(connection, "b").condition) == (2, None)
    told = [(each["id"], each["type"]) for each in events.after(connection, USER, 0, 9)]
    assert told == [("a", "queued"), ("b", "waiting")]
    assert create(connection, USER, [waiting], "later") == []


def test_one_that_is_there_twice_is_one(connection: Connection) -> None:
    assert len(create(connection, USER, [new("a"), new("a")], MOMENT)) == 1


@pytest.mark.parametrize(
    ("url", "authorization"),
    [("https://h/run.refl", "Bearer of-ada"), ("https://ada:secret@h/run.refl", "Basic kept")],
)
def test_what_opens_a_file_is_apart_from_what_is_kept(
    connection: Connection, url: str, authorization: str
) -> None:
    fetch = FetchRequest(url=url, authorization=authorization)
    create(connection, USER, [new("a", fetch=fetch)], MOMENT)
    assert row_of(connection, "a").kind == "fetch"
    (row,) = connection.execute(select(fetches)).all()
    assert row.authorization == authorization
    assert row.document["url"] == "https://h/run.refl"
    assert "authorization" not in row.document
