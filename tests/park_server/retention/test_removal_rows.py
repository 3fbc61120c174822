"""Which jobs may go, and what goes with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, update
from support.labs.rows import new_job, rows_in_memory

from park.errors import Conflict, UnknownItem
from park.model.ids import JobId
from park.model.states import JobState
from park_server import events
from park_server.db import tables
from park_server.retention import removal_rows

A = JobId("a")
OLD, CUT, NEW = "2026-01-01", "2026-06-01", "2026-12-01"


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def ended(
    connection: Connection, job: str, *args: Any, state: Any = JobState.COMPLETED, at: str = OLD
) -> None:
    new_job(connection, job, *args, state=state)
    connection.execute(update(tables.jobs).where(tables.jobs.c.id == job).values(finished=at))


def before(connection: Connection, limit: int = 9) -> list[str]:
    return [each.id for each in removal_rows.ended_before(connection, CUT, None, limit)]


def value_of(job: str, **more: Any) -> dict[str, Any]:
    return {"$park": "reference", "job": job, "what": "value", **more}


# -- which may go


@pytest.mark.parametrize("state", list(JobState))
def test_only_what_has_ended_may_go(connection: Connection, state: JobState) -> None:
    ended(connection, A, state=state)
    assert before(connection) == [A] * state.is_final
    if state.is_final:
        removal_rows.remove_on_request(connection, A, "ada")
    else:
        with pytest.raises(Conflict, match=f"job a is {state}") as caught:
            removal_rows.remove_on_request(connection, A, "ada")
        assert caught.value.hint == "park cancel a"


def test_what_is_needed_by_one_that_has_not_ended_stays(connection: Connection) -> None:
    ended(connection, A)
    new_job(connection, "x", value_of("a"))
    assert before(connection) == []
    assert removal_rows.remove_free(connection, [A]) == []
    with pytest.raises(Conflict, match=r"needed by job .*x") as caught:
        removal_rows.remove_on_request(connection, A, "ada")
    assert "park cancel x" in str(caught.value.hint)


def test_a_need_that_has_ended_or_is_of_another_service_keeps_nothing(
    connection: Connection,
) -> None:
    ended(connection, A)
    ended(connection, "x", value_of("a"), at=NEW)
    new_job(connection, "y", value_of("a", service="https://far.example"))
    assert before(connection) == [A]
    removal_rows.remove_on_request(connection, A, "ada")
    assert before(connection) == []


def test_another_users_job_is_not_there(connection: Connection) -> None:
    ended(connection, A)
    with pytest.raises(UnknownItem):
        removal_rows.remove_on_request(connection, A, "eve")


def test_the_oldest_go_first_and_no_more_than_asked(connection: Connection) -> None:
    ended(connection, "new", at=NEW)
    ended(connection, "second", at="2026-02-02")
    ended(connection, "first", at="2026-01-02")
    assert before(connection, limit=1) == ["first"]
    assert before(connection) == ["first", "second"]
    last = removal_rows.ended_before(connection, CUT, None, 1)[-1]
    assert [each.id for each in removal_rows.ended_before(connection, CUT, last, 9)] == ["second"]
    assert removal_rows.count(connection) == (3, 0)


# -- what goes


def test_all_that_belongs_to_a_job_goes_and_its_user_is_told(connection: Connection) -> None:
    ended(connection, A, value_of("z"))
    ended(connection, "z")
    for table, row in (
        (tables.results, {"document": 1}),
        (tables.job_files, {"name": "f", "sha256": "ab", "size": 1}),
        (tables.staged, {"reference": "r", "document": 1}),
        (tables.held_grants, {"service": "s", "token": "t"}),
    ):
        connection.execute(insert(table), {"job": A, **row})
    assert removal_rows.remove_free(connection, [A, JobId("absent")]) == [A]
    for table in (tables.results, tables.job_files, tables.calls, tables.staged, tables.needs):
        of_a = select(func.count()).select_from(table).where(table.c.job == A)
        assert connection.execute(of_a).scalar() == 0, table.name
    assert removal_rows.count(connection) == (1, 0)
    told = [(each["id"], each["type"]) for each in events.after(connection, "ada", 0, 9)]
    assert told[-1] == (A, "removed")
    assert (JobId("absent"), "removed") not in told


def test_what_runs_used_goes_with_the_last_run_that_used_it(connection: Connection) -> None:
    connection.execute(insert(tables.memo_usages), [{"sha256": "ab", "document": {}}])
    for job in ("a", "b"):
        ended(connection, job)
        row = {"job": job, "owner": "ada", "call": "cd", "usage": "ab"}
        connection.execute(insert(tables.memo_calls), row)
    usages = select(tables.memo_usages.c.sha256)
    removal_rows.remove_free(connection, [A])
    assert list(connection.execute(usages).scalars()) == ["ab"]
    removal_rows.remove_free(connection, [JobId("b")])
    assert list(connection.execute(usages).scalars()) == []


def test_events_from_before_are_forgotten(connection: Connection) -> None:
    new_job(connection, A)
    connection.execute(update(tables.events).values(time=OLD))
    new_job(connection, "b")
    count, last = removal_rows.forget_events(connection, CUT, after=0, limit=9)
    assert (count, last) == (1, 1)
    assert [each["id"] for each in events.after(connection, "ada", 0, 9)] == ["b"]


def test_the_logs_of_a_job_stay_while_its_process_goes_on_for_another(
    connection: Connection,
) -> None:
    ended(connection, A, state=JobState.CANCELLED)
    carried = {"job": A, "owner": "ada", "call": "c", "carried": True}
    connection.execute(insert(tables.memo_calls), carried)
    assert removal_rows.without_logs(connection, CUT, None, 9) == []
    assert removal_rows.forget_logs(connection, [A]) == []
    connection.execute(update(tables.memo_calls).values(carried=False))
    assert removal_rows.forget_logs(connection, [A]) == [A]
