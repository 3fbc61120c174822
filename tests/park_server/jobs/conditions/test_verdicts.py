"""What leaves are worth, from rows and from what jobs wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, update
from support.labs.rows import NOW, add_install, new_job, rows_in_memory

from park.errors import UnknownItem
from park.model.conditions import (
    At,
    Comparison,
    InstallIs,
    JobIs,
    Literal,
    Operand,
    Phase,
    Pool,
)
from park.model.ids import JobId
from park.model.references import Reference, What
from park.model.states import InstallState, JobState
from park.model.truth import NOT_YET, TRUE, Truth, never
from park_server.db.tables import jobs, results
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.facts import JobFact
from park_server.jobs.conditions.progress_log import PROGRESS_FILE, Reports
from park_server.jobs.conditions.verdicts import Verdicts

FAR = "https://far.example"


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def verdicts(connection: Connection, folders: Path = Path("/absent"), **more: Any) -> Verdicts:
    facts: dict[str, Any] = {"pool": lambda _: NOT_YET, "now": NOW, "user": None} | more
    return Verdicts(connection, reports=Reports(lambda job: folders / job), **facts)


def ended(
    connection: Connection, job: str, state: JobState, result: Any = None, **more: Any
) -> None:
    new_job(connection, job)
    set_state(connection, job, state, **more)
    if state is JobState.COMPLETED:
        connection.execute(insert(results), {"job": job, "document": result})


def set_state(connection: Connection, job: str, state: JobState, **values: Any) -> None:
    connection.execute(update(jobs).where(jobs.c.id == job).values(status=state, **values))


def value(job: str, *path: str | int, what: What = What.VALUE) -> Reference:
    reference = Reference(job=job, what=what)
    for key in path:
        reference = reference.item(key)
    return reference


def compared(left: Operand, operator: str, right: Any) -> Comparison:
    other = right if isinstance(right, Reference) else Literal(value=right)
    return Comparison(left=left, operator=operator, right=other)


# -- jobs, installs, pools, moments


def test_each_leaf_is_asked_where_its_facts_are(connection: Connection) -> None:
    ended(connection, "a", JobState.FAILED, error="boom")
    add_install(connection, "i", InstallState.READY, lock_hash="ab")
    found = verdicts(connection, pool=lambda pool: never(f"no {pool.name}"))
    assert found.of(JobIs(job="a", phase=Phase.FAILED)) == TRUE
    assert found.of(InstallIs(install="i", phase=Phase.COMPLETED)) == TRUE
    assert found.of(Pool(name="license", count=1)) == never("no license")
    assert found.of(At(moment=NOW)) == TRUE
    assert found.of(At(moment=NOW + timedelta(seconds=1))).truth is Truth.NOT_YET


def test_what_is_known_counts_before_what_is_written(connection: Connection) -> None:
    new_job(connection, "a")
    found = verdicts(connection)
    assert found.completed("a").truth is Truth.NOT_YET
    fact = found.job(JobId("a"))
    found.know(JobFact.at_end(fact, JobState.COMPLETED, None))
    assert found.completed("a") == TRUE
    found.know(JobFact.at_end(fact, JobState.FAILED, "boom"))
    assert found.completed("a").truth is Truth.NEVER


def test_an_install_completes_as_a_job_does(connection: Connection) -> None:
    add_install(connection, "i", InstallState.FAILED, error={"detail": "no wheel"})
    found = verdicts(connection)
    found.load([InstallIs(install="i", phase=Phase.COMPLETED)])
    verdict = found.completed("i")
    assert verdict.truth is Truth.NEVER
    assert "no wheel" in verdict.why


@pytest.mark.of_sqlite  # its driver tells each statement
def test_facts_are_read_together_and_once(connection: Connection) -> None:
    for job in "abc":
        new_job(connection, job)
    add_install(connection, "i", InstallState.READY)
    statements: list[str] = []
    found = verdicts(connection)
    driver: Any = connection.connection.driver_connection
    driver.set_trace_callback(statements.append)
    leaves = [JobIs(job=job, phase=Phase.COMPLETED) for job in "abc"]
    leaves.append(JobIs(job="elsewhere", phase=Phase.COMPLETED, service=FAR))
    for _ in range(2):
        found.load([*leaves, InstallIs(install="i", phase=Phase.COMPLETED)])
    assert [found.of(leaf).truth for leaf in leaves[:3]] == [Truth.NOT_YET] * 3
    assert len(statements) == 2


def test_what_is_not_here_is_told(connection: Connection) -> None:
    with pytest.raises(UnknownItem, match="no job a on this service"):
        verdicts(connection).of(JobIs(job="a", phase=Phase.COMPLETED))
    with pytest.raises(UnknownItem, match="no install i on this service"):
        verdicts(connection).of(InstallIs(install="i", phase=Phase.COMPLETED))


def test_who_asks_sees_no_job_of_another(connection: Connection) -> None:
    new_job(connection, "a", user="eve")
    leaf = JobIs(job="a", phase=Phase.COMPLETED)
    assert verdicts(connection, user="eve").of(leaf).truth is Truth.NOT_YET
    with pytest.raises(UnknownItem, match="no job a"):
        verdicts(connection, user="ada").of(leaf)


# -- elsewhere


def test_another_service_says_what_its_leaves_are_worth(connection: Connection) -> None:
    leaf = JobIs(job="a", phase=Phase.COMPLETED, service=FAR)
    x = JobId("x")
    new_job(connection, x, when={"job": "a", "is": "completed", "service": FAR})
    verdict = verdicts(connection).within(x)(leaf)
    assert verdict.truth is Truth.NOT_YET
    assert verdict.why == f"job a completed: not known yet from {FAR}"  # it says nothing else
    need_rows.decide_remote(connection, x, 0, never("it was removed"))
    assert verdicts(connection).within(x)(leaf) == never("it was removed")


def test_nobody_here_says_what_is_for_another_service(connection: Connection) -> None:
    with pytest.raises(UnknownItem, match=f"for {FAR} to say"):
        verdicts(connection).of(JobIs(job="a", phase=Phase.COMPLETED, service=FAR))


# -- comparisons


def test_a_result_is_compared_when_it_is_there(connection: Connection) -> None:
    new_job(connection, "a")
    leaf = compared(value("a", "chisq"), "<", 2)
    verdict = verdicts(connection).of(leaf)
    assert verdict.truth is Truth.NOT_YET
    assert verdict.why.endswith("is waiting")
    set_state(connection, "a", JobState.COMPLETED)
    connection.execute(insert(results), {"job": "a", "document": {"chisq": 1.5}})
    assert verdicts(connection).of(leaf) == TRUE


def test_of_a_comparison_that_fails_the_value_is_told(connection: Connection) -> None:
    ended(connection, "a", JobState.COMPLETED, {"chisq": 2.5})
    ended(connection, "b", JobState.COMPLETED, {"chisq": 1.5})
    found = verdicts(connection)
    literal = found.of(compared(value("a", "chisq"), "<", 2))
    assert literal.truth is Truth.NEVER
    assert literal.why.endswith("; it is 2.5")
    both = found.of(compared(value("a", "chisq"), "<", value("b", "chisq")))
    assert both.why.endswith("; they are 2.5 and 1.5")


def test_a_job_without_a_result_satisfies_no_comparison(connection: Connection) -> None:
    ended(connection, "a", JobState.FAILED, error="boom")
    verdict = verdicts(connection).of(compared(value("a"), "==", None))
    assert verdict.truth is Truth.NEVER
    assert verdict.why.endswith("failed: boom")


@pytest.mark.parametrize(
    "leaf", [compared(value("a", "absent"), "<", 2), compared(value("a"), "<", 2)]
)
def test_what_cannot_be_compared_is_never(connection: Connection, leaf: Comparison) -> None:
    ended(connection, "a", JobState.COMPLETED, {"chisq": 2.5})
    verdict = verdicts(connection).of(leaf)
    assert verdict.truth is Truth.NEVER
    assert "cannot be compared on the service" in verdict.why


# -- progress


def report(folders: Path, job: str, **values: Any) -> None:
    (folders / job).mkdir(exist_ok=True)
    with (folders / job / PROGRESS_FILE).open("a") as file:
        file.write(json.dumps({"done": 1, "total": 2, "values": values}) + "\n")


def test_any_report_so_far_may_satisfy(connection: Connection, tmp_path: Path) -> None:
    new_job(connection, "a")
    leaf = compared(value("a", "chisq", what=What.PROGRESS), "<", 2)
    assert verdicts(connection, tmp_path).of(leaf).truth is Truth.NOT_YET
    report(tmp_path, "a", other=1.0)  # one that lacks it says nothing of it
    report(tmp_path, "a", chisq=9.0)
    assert verdicts(connection, tmp_path).of(leaf).truth is Truth.NOT_YET
    report(tmp_path, "a", chisq=1.0)
    report(tmp_path, "a", chisq=9.0)
    assert verdicts(connection, tmp_path).of(leaf) == TRUE


def test_reports_that_never_came_are_told_with_the_end(
    connection: Connection, tmp_path: Path
) -> None:
    ended(connection, "a", JobState.COMPLETED)
    report(tmp_path, "a", chisq=9.0)
    leaf = compared(value("a", "chisq", what=What.PROGRESS), "<", 2)
    verdict = verdicts(connection, tmp_path).of(leaf)
    assert verdict.truth is Truth.NEVER
    assert verdict.why.endswith("completed without")


def test_a_report_is_compared_with_a_result_when_that_is_there(
    connection: Connection, tmp_path: Path
) -> None:
    new_job(connection, "a")
    report(tmp_path, "a", chisq=1.0)
    new_job(connection, "b")
    leaf = compared(value("a", "chisq", what=What.PROGRESS), "<", value("b"))
    found = verdicts(connection, tmp_path)
    assert found.of(leaf).truth is Truth.NOT_YET
    set_state(connection, "b", JobState.COMPLETED)
    connection.execute(insert(results), {"job": "b", "document": 2.0})
    assert verdicts(connection, tmp_path).of(leaf) == TRUE
