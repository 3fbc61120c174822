"""Rows of one kind of database in another: each value is what it was."""

from __future__ import annotations

import json
import os
import sqlite3
import tracemalloc
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, insert, select, text
from support.labs.databases import empty_url
from support.labs.rows import new_job
from support.material.homes_of_schemas import restored
from support.session.slow_cases import slow_after

from park.runtime.levels import MOST_LEVELS
from park_repo.database import Database
from park_server.db.migrate import migrate
from park_server.db.portable_rows import (
    Rows,
    count_rows,
    counters,
    put_counters,
    put_rows,
    tables_of,
)
from park_server.db.tables import calls, events, job_files, jobs, memo_calls, results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

_MANY, _LARGE = 60, 2_000_000

KINDS = ["sqlite", "postgresql"]
ODD = os.fsdecode(b"caf\xe9")
EVENT = {"time": "", "subject": "job", "id": "a", "type": "t", "user": "u", "data": [1.0, 2**70]}


def database_of(kind: str, folder: Path) -> Database:
    folder.mkdir()
    if kind == "sqlite":
        made = Database.sqlite(folder / "park.sqlite")
    else:
        made = Database.postgresql(empty_url(folder))
    migrate(made.engine)
    return made


@pytest.fixture(params=slow_after(2, [(a, b) for a in KINDS for b in KINDS]), ids="-".join)
def pair(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Database, Database]]:
    """Give a database of each kind, with all tables."""
    source, target = request.param
    one, other = database_of(source, tmp_path / "one"), database_of(target, tmp_path / "other")
    yield one, other
    one.close()
    other.close()


def fill(connection: Connection) -> None:
    new_job(connection, "a", "NUL \0", "the last \U0010ffff0", restartable=True)
    new_job(connection, "b", memo=False, timeout_s=5)
    names = [{"job": "a", "name": name, "sha256": "ab", "size": 2**40} for name in ("plain", ODD)]
    connection.execute(insert(job_files), names)
    connection.execute(insert(memo_calls), {"job": "a", "owner": "", "call": "c", "output": ODD})
    connection.execute(insert(events), [EVENT, EVENT])
    connection.execute(text("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)"))


def everything(connection: Connection) -> list[list[str]]:
    found = (jobs, job_files, memo_calls, events)
    return [sorted(repr(tuple(row)) for row in connection.execute(select(t))) for t in found]


def copied(one: Database, other: Database) -> None:
    def put(connection: Connection) -> None:
        for rows in whole:
            put_rows(connection, rows)
        put_counters(connection, counted)

    def read(connection: Connection) -> list[Rows]:
        return [
            Rows(table=each.table, columns=each.columns, rows=list(each.rows))
            for each in tables_of(connection)
        ]

    whole, counted = one.read(read), one.read(counters)
    other.write(put).result()


def test_each_value_and_each_count_is_what_it_was(pair: tuple[Database, Database]) -> None:
    one, other = pair
    one.write(fill).result()
    copied(one, other)
    assert other.read(everything) == one.read(everything)
    assert other.read(count_rows) == one.read(count_rows)
    assert other.read(counters)["events"] == one.read(counters)["events"]


def test_no_number_is_given_twice(pair: tuple[Database, Database]) -> None:
    """The last event was removed: who has seen it must not take another for it."""
    one, other = pair
    one.write(fill).result()
    copied(one, other)
    given = other.read(counters)["events"]
    other.write(lambda c: c.execute(insert(events), EVENT)).result()
    assert other.read(lambda c: c.execute(select(func.max(events.c.seq))).scalar_one()) == given + 1


def test_large_results_are_not_held_together(tmp_path: Path) -> None:
    """A home may have thousands that are as large as a request may be."""
    one, other = (database_of("sqlite", tmp_path / name) for name in ("one", "other"))

    def make_jobs(connection: Connection) -> None:
        for number in range(_MANY):
            new_job(connection, f"{number:03}")

    def put_result(connection: Connection, number: int) -> None:
        row = {"job": f"{number:03}", "document": "x" * _LARGE}
        connection.execute(insert(results), row)

    for each in (one, other):
        each.write(make_jobs).result()
    for number in range(_MANY):
        one.write(partial(put_result, number=number)).result()

    def moved(connection: Connection) -> None:
        with one.engine.connect() as source, source.begin():
            (found,) = [each for each in tables_of(source) if each.table == "results"]
            assert put_rows(connection, found) == _MANY

    tracemalloc.start()
    try:
        other.write(moved).result()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < _MANY * _LARGE / 2
    assert other.read(count_rows)["results"] == _MANY
    one.close()
    other.close()


def test_a_table_that_is_not_there_is_not_left_out(pair: tuple[Database, Database]) -> None:
    _, other = pair
    with pytest.raises(Exception, match="nowhere"):
        other.write(lambda c: put_rows(c, Rows(table="nowhere", columns=(), rows=[]))).result()


ODD_VALUES = [
    *(2.0, -0.0, 1e22, 5e-324, 0.1 + 0.2, 2**63 + 1, -(2**64), 10**400),
    *("\ud800", "\U0001f600", "a\0b", {"\udcff": [{}, [], None, True], "": {"\0": 1}}),
    {"$park": "float", "value": "nan"},
]


def nested(levels: int) -> Any:
    value: Any = -0.0
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_values_of_the_first_schema_are_themselves_after_all_migrations_and_in_the_other(
    tmp_path: Path,
) -> None:
    said = [*ODD_VALUES, nested(MOST_LEVELS - 1)]
    old = restored("0001", tmp_path / "park.sqlite")
    with closing(sqlite3.connect(old)) as connection, connection:
        for table in ("results", "calls"):
            connection.execute(f"UPDATE {table} SET document = ?", [json.dumps(said)])  # noqa: S608
        connection.execute("UPDATE events SET data = ?", [json.dumps({"said": said})])
    one, other = Database.sqlite(old), Database.postgresql(empty_url(tmp_path))
    for database in (one, other):
        migrate(database.engine)
    copied(one, other)
    for database in (one, other):
        with database.engine.connect() as connected:
            for column in (results.c.document, calls.c.document):
                found = connected.execute(select(column)).scalars().all()
                assert found
                assert {repr(each) for each in found} == {repr(said)}
            for data in connected.execute(select(events.c.data)).scalars():
                assert repr(data) == repr({"said": said})
        database.close()
