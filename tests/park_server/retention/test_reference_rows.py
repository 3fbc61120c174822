"""Which files are still named and by whom, and what each job takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update
from support.labs.rows import add_install, new_job, rows_in_memory

from park.model.ids import JobId
from park.model.states import InstallState, JobState
from park_server.db import tables
from park_server.db.portable_sql import names_files, occurs_in
from park_server.retention import job_pins, reference_rows
from park_server.retention.job_quota import KeptJob

A, B = JobId("a"), JobId("b")
OLD, NEW = "2026-01-01", "2026-12-01"
DIGESTS = [f"{n:064x}" for n in range(5)]


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def file_of(sha256: str) -> dict[str, Any]:
    return {"$park": "file", "sha256": sha256, "name": "run.refl"}


def value_of(job: str, **more: Any) -> dict[str, Any]:
    return {"$park": "reference", "job": job, "what": "value", **more}


def ended(connection: Connection, job: str, *args: Any, **changes: Any) -> None:
    new_job(connection, job, *args, state=JobState.COMPLETED)
    values = {"finished": OLD} | changes
    connection.execute(update(tables.jobs).where(tables.jobs.c.id == job).values(**values))


def leave(connection: Connection, job: str, sha256: str) -> None:
    row = {"job": job, "name": "f", "sha256": sha256, "size": 1}
    connection.execute(insert(tables.job_files), row)


def kept(connection: Connection, **logs: int) -> dict[str, KeptJob]:
    return {each.id: each for each in reference_rows.kept_jobs(connection, logs)}


# -- files


def test_a_file_is_in_use_wherever_it_is_named(connection: Connection) -> None:
    left, given, staged, fetched, free = DIGESTS
    ended(connection, A, [{"deep": file_of(given)}], free)  # a text alone names no file
    leave(connection, A, left)
    connection.execute(
        insert(tables.staged), {"job": A, "reference": "r", "document": file_of(staged)}
    )
    names = ("user", "url", "credential", "place", "name", "checked")
    row = dict.fromkeys(names, "") | {"sha256": fetched, "size": 1}
    connection.execute(insert(tables.fetched), row)
    assert reference_rows.digests_in_use(connection) == {left, given, staged, fetched}
    assert reference_rows.digests_of(connection, [A]) == {left, given, staged}
    assert reference_rows.digests_of(connection, [JobId("other")]) == set()


def test_a_file_of_a_submission_that_is_to_become_jobs_is_in_use(connection: Connection) -> None:
    given, free = DIGESTS[:2]
    requests = [{"id": A, "call": {"args": [file_of(given)]}}]
    row = {"submission": "s", "behind": 0, "user": "ada", "accepted": NEW}
    connection.execute(insert(tables.arriving), row | {"document": json.dumps(requests)})
    assert reference_rows.digests_in_use(connection) == {given}
    assert free not in reference_rows.digests_in_use(connection)


def test_what_only_one_job_names_is_free_without_it(connection: Connection) -> None:
    alone, shared, *_ = DIGESTS
    ended(connection, A, file_of(alone), file_of(shared))
    ended(connection, B, file_of(shared))
    assert reference_rows.digests_in_use(connection, without={A}) == {shared}
    assert reference_rows.digests_in_use(connection, without={A, B}) == set()


@pytest.mark.parametrize("state", list(InstallState))
def test_sources_stay_until_their_install_has_ended(
    connection: Connection, state: InstallState
) -> None:
    request = {"sources": [{"sha256": DIGESTS[0]}], "wheels": [{"sha256": DIGESTS[1]}]}
    add_install(connection, "i", state, request=request)
    add_install(connection, "none", state, request={"sources": None})
    assert reference_rows.digests_in_use(connection) == set(DIGESTS[: not state.is_final])


# -- what jobs take


def test_each_kind_is_counted_for_its_job(connection: Connection) -> None:
    ended(connection, A, "x" * 1_000)
    ended(connection, B)
    connection.execute(insert(tables.results), {"job": A, "document": "y" * 500})
    leave(connection, A, DIGESTS[0])
    before = kept(connection)[A].calls_bytes
    staged = {"job": A, "reference": "r", "document": "z" * 300}
    connection.execute(insert(tables.staged), staged)
    found = kept(connection, a=77, gone=5)
    assert set(found) == {A, B}
    assert 1_000 < before < 1_100
    assert found[A].calls_bytes == before + 302, "with its quotes, as it is stored"
    assert (found[A].results_bytes, found[A].logs_bytes) == (502, 77)
    assert found[A].files == {DIGESTS[0]}
    assert (found[B].results_bytes, found[B].logs_bytes, found[B].files) == (0, 0, frozenset())


def test_to_be_read_or_needed_is_to_be_used(connection: Connection) -> None:
    ended(connection, A)
    assert kept(connection)[A].last_used == OLD
    ended(connection, "x", value_of("a"), finished="2026-05-05")
    assert kept(connection)[A].last_used == "2026-05-05"
    connection.execute(update(tables.jobs).values(last_used=NEW))
    assert kept(connection)[A].last_used == NEW


def test_the_need_of_another_services_job_is_no_use(connection: Connection) -> None:
    ended(connection, A)
    ended(connection, "x", value_of("a", service="https://far.example"), finished=NEW)
    assert kept(connection)[A].last_used == OLD


def test_what_runs_is_pinned_or_needed_stays(connection: Connection) -> None:
    for name in ("free", "pinned", "needed"):
        ended(connection, name)
    new_job(connection, "running", value_of("needed"), state=JobState.RUNNING)
    job_pins.pin(connection, JobId("pinned"), "ada")
    stays = {name for name, each in kept(connection).items() if each.stays}
    assert stays == {"pinned", "needed", "running"}


# -- a few digests, looked for one by one


def test_of_a_few_digests_the_same_are_named_as_of_all(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, left, staged, fetched, source = DIGESTS
    ended(connection, A, [{"deep": file_of(given)}])
    leave(connection, A, left)
    connection.execute(
        insert(tables.staged), {"job": A, "reference": "r", "document": file_of(staged)}
    )
    names = ("user", "url", "credential", "place", "name", "checked")
    row = dict.fromkeys(names, "") | {"sha256": fetched, "size": 1}
    connection.execute(insert(tables.fetched), row)
    add_install(connection, "i", InstallState.RESOLVING, request={"sources": [{"sha256": source}]})
    free = "f" * 64
    for most in (100, 0):
        monkeypatch.setattr(reference_rows, "_LOOKED_FOR", most)
        assert reference_rows.still_named(connection, {*DIGESTS, free}) == set(DIGESTS)
        assert reference_rows.still_named(connection, {free}) == set()


def test_a_file_of_a_result_and_of_what_comes_is_named(connection: Connection) -> None:
    left, coming = DIGESTS[:2]
    ended(connection, A)
    connection.execute(insert(tables.results), {"job": A, "document": file_of(left)})
    row = {"submission": "s", "behind": 0, "user": "ada", "accepted": NEW}
    document = json.dumps([{"call": {"args": [file_of(coming)]}}])
    connection.execute(insert(tables.arriving), row | {"document": document})
    assert reference_rows.still_named(connection, DIGESTS) == {left, coming}


@pytest.mark.of_sqlite  # whose planner chooses by the statement alone, and not by what is there
def test_what_names_no_file_is_not_read_to_find_who_does(connection: Connection) -> None:
    for table in ("calls", "results", "staged"):
        query = select(tables.metadata.tables[table].c.job).where(
            names_files(tables.metadata.tables[table].c.document),
            occurs_in(tables.metadata.tables[table].c.document, DIGESTS[0]),
        )
        compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all()
        assert f"{table}_naming_files" in str(plan)
