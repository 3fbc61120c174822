"""Who waits for whom, as the database has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, update
from support.labs.rows import add_install, new_job, rows_in_memory

from park.model.conditions import AtLeast, JobIs, Phase
from park.model.ids import JobId
from park.model.states import InstallState, JobKind, JobState
from park.model.truth import NOT_YET, TRUE, Truth, never
from park.wire import FetchRequest, HeldGrant
from park_server.db.tables import jobs, staged
from park_server.jobs import job_rows
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.needs import leaf_key
from park_server.jobs.conditions.spreading.who_waits import few_waiters

FAR = "https://far.example"


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def value_of(job: str, what: str = "value", **more: Any) -> dict[str, Any]:
    return {"$park": "reference", "job": job, "what": what, **more}


def job_is(job: str, phase: str, **more: Any) -> dict[str, Any]:
    return {"job": job, "is": phase, **more}


def set_state(connection: Connection, job: str, state: JobState, **values: Any) -> None:
    connection.execute(update(jobs).where(jobs.c.id == job).values(status=state, **values))


def names(waiters: list[need_rows.Waiter]) -> list[str]:
    return [waiter.id for waiter in waiters]


def test_who_waits_is_told_once_with_all_that_changed(connection: Connection) -> None:
    new_job(connection, "a")
    new_job(connection, "b")
    new_job(connection, "y", value_of("a"), value_of("b"), value_of("a", "file"))
    new_job(connection, "x", value_of("b"), user="eve")
    new_job(connection, "started", value_of("a"), state=JobState.RUNNING)
    found = few_waiters(connection, ["a", "b", "absent"], most=9, counting=True) or []
    assert [(each.id, each.user, each.pending, changed) for each, changed in found] == [
        ("x", "eve", 1, {"b"}),
        ("y", "ada", 2, {"a", "b"}),
    ]
    assert found[0][0].kind is JobKind.CALL


def test_a_job_of_the_same_name_elsewhere_is_another(connection: Connection) -> None:
    new_job(connection, "x", value_of("a", service=FAR))
    assert few_waiters(connection, ["a"], most=9, counting=True) == []
    assert need_rows.dependents(connection, ["a"]) == set()
    assert need_rows.of_job(connection, JobId("x")) == [("a", FAR, "value")]


def test_only_what_waits_is_a_waiter(connection: Connection) -> None:
    new_job(connection, "a")
    new_job(connection, "x", value_of("a"))
    assert need_rows.waiter(connection, JobId("x")) is not None
    set_state(connection, "x", JobState.CANCELLED)
    assert need_rows.waiter(connection, JobId("x")) is None
    assert need_rows.dependents(connection, ["a"]) == {"x"}  # it needed it all the same


def test_who_keeps_no_count_comes_in_the_order_of_submission(connection: Connection) -> None:
    new_job(connection, "z", when=job_is("a", "failed"))
    new_job(connection, "b", when=job_is("a", "failed"))
    new_job(connection, "counting", value_of("a"))
    set_state(connection, "z", JobState.WAITING, submitted="1")
    set_state(connection, "b", JobState.WAITING, submitted="2")
    assert need_rows.evaluated(connection) == ["z", "b"]


def test_who_misses_nothing_any_more_is_found(connection: Connection) -> None:
    new_job(connection, "x", value_of("a"))
    new_job(connection, "y", value_of("a"))
    set_state(connection, "x", JobState.WAITING, pending=0)
    assert names(need_rows.with_nothing_missing(connection)) == ["x"]


@pytest.mark.parametrize("state", list(InstallState))
def test_an_install_that_has_ended_is_told_where_a_job_waits_for_it(
    connection: Connection, state: InstallState
) -> None:
    add_install(connection, "i", state, error={"detail": "no wheel"})
    add_install(connection, "unused", InstallState.FAILED)
    for job in ("x", "y"):
        new_job(connection, job, install="i")
    found = need_rows.awaited(connection).ended_installs
    assert [(fact.id, fact.error) for fact in found] == [("i", "no wheel")] * state.is_final
    for job in ("x", "y"):
        set_state(connection, job, JobState.CANCELLED)
    assert need_rows.awaited(connection).ended_installs == []


def test_the_whole_condition_is_what_was_asked_and_what_is_implied(connection: Connection) -> None:
    new_job(connection, "x", value_of("b"), when=job_is("a", "failed"), install="i")
    stored = job_rows.get(connection, JobId("x"))
    expression = need_rows.expression_of(connection, stored)
    assert isinstance(expression, AtLeast)
    assert expression.count == len(expression.parts) == 3
    assert JobIs(job="a", phase=Phase.FAILED) in expression.parts
    assert need_rows.expressions_of(connection, [JobId("x")]) == {"x": expression}


def test_facts_are_of_what_is_there(connection: Connection) -> None:
    new_job(connection, "a", fetch=FetchRequest(url="https://h/run.refl"))
    set_state(connection, "a", JobState.FAILED, attempt=2, error="404")
    facts = need_rows.job_facts(connection, ["a", "absent"])
    assert facts.keys() == {"a"}
    fact = facts["a"]
    assert (fact.kind, fact.status, fact.attempt, fact.error) == ("fetch", "failed", 2, "404")
    assert fact.kind is JobKind.FETCH


def test_an_install_of_another_is_left_out_where_somebody_asks(connection: Connection) -> None:
    add_install(connection, "i", InstallState.READY, lock_hash="ab")
    add_install(connection, "of-eve", InstallState.READY, user="eve")
    both = ["i", "of-eve"]
    assert need_rows.install_facts(connection, both).keys() == {"i", "of-eve"}
    assert need_rows.install_facts(connection, both, "ada").keys() == {"i"}
    assert need_rows.install_facts(connection, ["i"])["i"].error is None


def test_more_ids_than_a_statement_takes_are_asked_for_in_blocks(connection: Connection) -> None:
    new_job(connection, "a")
    many = [f"absent-{n}" for n in range(40_000)]
    assert need_rows.job_facts(connection, [*many, "a"]).keys() == {"a"}


# -- elsewhere


def test_what_another_service_says_is_written_once(connection: Connection) -> None:
    leaf = job_is("a", "completed", service=FAR)
    new_job(connection, "x", when={"any": [leaf, job_is("b", "failed", service=FAR)]})
    x = JobId("x")
    assert need_rows.undecided_elsewhere(connection) == [x]
    assert need_rows.decide_remote(connection, x, 0, TRUE)
    assert not need_rows.decide_remote(connection, x, 0, never("it was removed"))
    key = leaf_key(JobIs(job="a", phase=Phase.COMPLETED, service=FAR))
    verdicts = need_rows.remote_verdicts(connection, x)
    assert verdicts[FAR, key] == TRUE
    assert set(verdicts.values()) == {TRUE, NOT_YET}
    assert need_rows.undecided_elsewhere(connection) == [x]
    assert need_rows.decide_remote(connection, x, 1, never("it completed"))
    assert need_rows.undecided_elsewhere(connection) == []


def test_nobody_is_asked_for_what_waits_no_longer(connection: Connection) -> None:
    new_job(connection, "x", when=job_is("a", "completed", service=FAR))
    set_state(connection, "x", JobState.CANCELLED)
    assert need_rows.undecided_elsewhere(connection) == []


def test_who_refers_to_what_is_elsewhere_needs_more_than_its_end(connection: Connection) -> None:
    new_job(connection, "waits", when=job_is("a", "completed", service=FAR))
    new_job(connection, "refers", value_of("a", service=FAR))
    new_job(connection, "here", value_of("a"))
    everybody = ["waits", "refers", "here"]
    assert need_rows.referring_elsewhere(connection, everybody) == {"refers"}


def test_what_was_brought_here_is_found_by_its_reference(connection: Connection) -> None:
    new_job(connection, "x", value_of("a", service=FAR))
    connection.execute(insert(staged), {"job": "x", "reference": "{}", "document": [2.0]})
    assert need_rows.staged_for(connection, JobId("x")) == {"{}": [2.0]}
    assert need_rows.staged_for(connection, JobId("y")) == {}


def test_reports_are_awaited_as_long_as_somebody_waits(connection: Connection) -> None:
    done = {"reference": value_of("a", "progress")}
    new_job(connection, "x", when={"compare": [done, "<", {"value": 1}]})
    assert need_rows.awaited(connection).progress == {"a"}
    assert need_rows.awaited(connection).starts == set()
    set_state(connection, "x", JobState.QUEUED)
    assert need_rows.awaited(connection).progress == set()


def test_starts_are_awaited_as_long_as_somebody_waits(connection: Connection) -> None:
    new_job(connection, "x", when=job_is("a", "started"), install="i")
    add_install(connection, "i", InstallState.READY)
    found = need_rows.awaited(connection)
    assert (found.starts, found.progress) == ({"a"}, set())
    assert [fact.id for fact in found.ended_installs] == ["i"]


def test_all_that_waits_is_gone_through_once(connection: Connection) -> None:
    statements: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *said: statements.append(said[2]))
    new_job(connection, "x", when=job_is("a", "started"))
    statements.clear()
    assert need_rows.awaited(connection).starts == {"a"}
    assert len(statements) == 1


def test_grants_are_held_until_they_are_given_back(connection: Connection) -> None:
    token = HeldGrant(service=FAR, token="t")
    newer = HeldGrant(service=FAR, token="u")
    new_job(connection, "x", value_of("a", service=FAR), grants=[token, newer])
    assert need_rows.holding_grants(connection) == [("x", False)]
    set_state(connection, "x", JobState.FAILED)
    assert need_rows.holding_grants(connection) == [("x", True)]


def test_a_verdict_that_is_not_decided_leaves_it_open(connection: Connection) -> None:
    new_job(connection, "x", when=job_is("a", "completed", service=FAR))
    assert need_rows.decide_remote(connection, JobId("x"), 0, NOT_YET)
    assert need_rows.decide_remote(connection, JobId("x"), 0, TRUE)
    (verdict,) = need_rows.remote_verdicts(connection, JobId("x")).values()
    assert verdict.truth is Truth.TRUE
