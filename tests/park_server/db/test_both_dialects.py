"""What is declared and asked holds for SQLite and for a real PostgreSQL alike."""

from __future__ import annotations

import importlib
import pkgutil
import re
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    Table,
    bindparam,
    create_engine,
    func,
    insert,
    inspect,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.expression import UpdateBase
from sqlalchemy.sql.selectable import Select
from support.labs.databases import empty_url
from support.material.json_values import JSON_VALUES
from support.session.slow_cases import slow_after

import park_server
from park_repo.database import Database
from park_server.db.migrate import migrate, revisions, upgrade
from park_server.db.portable_sql import (
    has_odd_units,
    insert_new,
    is_json,
    json_kind,
    least,
    seconds_between,
    seconds_of,
)
from park_server.db.prepared import Prepared, PreparedOfMany
from park_server.db.tables import job_files, jobs, metadata, needs, results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.sql.expression import ClauseElement

BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
_BIG = 2**40


@pytest.fixture
def empty(tmp_path: Path, kind: str) -> Iterator[Database]:
    """Give a database without any table."""
    if kind == "sqlite":
        database = Database.sqlite(tmp_path / "park.sqlite")
    else:
        database = Database.postgresql(empty_url(tmp_path))
    yield database
    database.close()


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Give a database of PostgreSQL with all tables."""
    database = Database.postgresql(empty_url(tmp_path_factory.mktemp("postgresql")))
    migrate(database.engine)
    yield database
    database.close()


# -- the schema


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("first", slow_after(1, sorted(revisions())))
def test_every_schema_is_brought_forward_with_what_is_in_it(
    empty: Database, kind: str, first: str
) -> None:
    upgrade(empty.engine, first)
    empty.write(_one_row_in_each).result()
    before = empty.read(_counts)
    migrate(empty.engine)
    after = empty.read(_counts)
    assert {name: after[name] for name in before} == before
    assert set(before.values()) == {1}
    names = select(job_files.c.name)
    assert empty.read(lambda c: c.execute(names).scalars().all()) == ["job_files.name"]
    assert empty.read(lambda c: c.execute(select(jobs.c.memory_bytes)).scalars().all()) == [_BIG]
    del kind


def _one_row_in_each(connection: Connection) -> None:
    found = MetaData()
    found.reflect(connection)
    for each in found.sorted_tables:
        if each.name != "alembic_version":
            values = {column.name: _value(column) for column in each.columns}
            connection.execute(insert(each), values)


def _value(column: Column[Any]) -> Any:
    for key in column.foreign_keys:
        return _value(key.column)
    for kind, value in ((JSON, {"a": [1, 2.0]}), (Boolean, True), (Float, 0.5), (Integer, _BIG)):
        if isinstance(column.type, kind):
            return value
    name = f"{column.table.name}.{column.name}"
    return name.encode() if "BYTEA" in str(column.type) else name


def _counts(connection: Connection) -> dict[str, int]:
    return {
        name: connection.execute(select(func.count()).select_from(table(name))).scalar_one()
        for name in inspect(connection).get_table_names()
        if name != "alembic_version"
    }


def test_the_migrations_sum_up_to_the_tables_on_postgresql(
    tmp_path: Path, postgresql: Database
) -> None:
    migrated = Database.postgresql(empty_url(tmp_path))
    upgrade(migrated.engine)
    options = {"compare_type": True, "compare_server_default": True}
    with migrated.engine.connect() as one, postgresql.engine.connect() as other:
        differences = compare_metadata(MigrationContext.configure(one, opts=options), metadata)
        kinds = {each[0][0] if isinstance(each, list) else each[0] for each in differences}
        assert kinds <= {"modify_comment"}  # SQLite has none, so no migration minds them
        for query in (_COLUMNS, _CONSTRAINTS, _INDEXES, _FUNCTIONS, _TRIGGERS):
            assert one.execute(text(query)).all() == other.execute(text(query)).all()
    migrated.close()


_COLUMNS = """SELECT table_name, column_name, data_type, collation_name, is_nullable,
 column_default FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"""
_CONSTRAINTS = """SELECT conname, contype::text, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace ORDER BY 1"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
_FUNCTIONS = """SELECT proname, prosrc, provolatile::text FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace ORDER BY 1"""
_TRIGGERS = """SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger
 WHERE NOT tgisinternal ORDER BY 1"""


def test_columns_hold_64_bits_and_sort_by_their_bytes(postgresql: Database) -> None:
    with postgresql.engine.connect() as connection:
        rows = connection.execute(text(_COLUMNS)).all()
    ours = [row for row in rows if row.table_name != "alembic_version"]
    assert "integer" not in {row.data_type for row in ours}
    texts = [row for row in ours if row.data_type in {"text", "character varying"}]
    assert {row.collation_name for row in texts} == {"C"}


# -- statements

_OF_SQLITE = {"park_server.jobs.files.result_text._RESULT_ROW[0]"}
"""It reads a value from its place in the file; PostgreSQL is asked by another one."""

_PROGRAMS = {"pypiserver_child", "serve"}
"""Modules that are programs, and import what only these need."""

_LIST = re.compile(r"\(__\[POSTCOMPILE_[^\]]*\]\)")
"""Where a list of values stands, whose length the statement does not say."""


def _declared(many: int = 2) -> Iterator[tuple[str, ClauseElement]]:
    """Yield every statement that a module of the service declares, with its name.

    Those about ``many`` things are made for so many.
    """
    for module in pkgutil.walk_packages(park_server.__path__, "park_server."):
        if module.name.rpartition(".")[2] in _PROGRAMS or ".migrations." in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            for number, statement in enumerate(_statements_in(value, many)):
                yield f"{module.name}.{name}[{number}]", statement


def _statements_in(value: object, many: int) -> Iterator[ClauseElement]:
    if isinstance(value, Prepared):
        yield value._statement
    elif isinstance(value, PreparedOfMany):
        yield value._query([bindparam(f"value_{number}") for number in range(many)])
    elif isinstance(value, Select | UpdateBase):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _statements_in(each, many)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _statements_in(each, many)


def test_rows_that_are_named_are_found_by_their_names_and_not_by_who_shares_a_state() -> None:
    """With a hundred thousand jobs that wait, the next to start are found as fast as with ten."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    wrong: dict[str, list[str]] = {}
    with engine.connect() as connection:
        for name, statement in _declared(many=_MANY):
            text = _LIST.sub(f"({', '.join('?' * _MANY)})", str(statement.compile(engine)))
            if _NAMED.search(text):
                plan = connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {text}", ("",) * text.count("?")
                )
                steps = [step.detail for step in plan if _SHARED.search(step.detail)]
                wrong |= {name: steps} if steps else {}
    engine.dispose()
    assert wrong == {}


_MANY = 32
_NAMED = re.compile(rf"\.(id|job|needed|source|key) IN \((\?, ){{{_MANY - 1}}}\?\)")
"""A list of names, as SQLite gets it."""
_SHARED = re.compile("^SCAN|_by_(status|state|user)")
"""A walk through a table, or by what many rows have in common."""


def test_every_declared_statement_is_one_of_postgresql(postgresql: Database) -> None:
    """The server itself parses each, with the names and the types of the tables."""
    refused = {}
    found = dict(_declared())
    assert len(found) > 100
    with postgresql.engine.connect() as connection:
        for name, statement in found.items():
            compiled = _LIST.sub("(NULL)", str(statement.compile(dialect=connection.dialect)))
            numbers = count(1)
            asked = re.sub("%s", lambda _: f"${next(numbers)}", compiled)  # noqa: B023
            try:
                with connection.begin():
                    connection.exec_driver_sql(f"PREPARE asked AS {asked}".replace("%%", "%"))
                    connection.exec_driver_sql("DEALLOCATE asked")
            except Exception as error:  # noqa: BLE001 (all are told together)
                refused[name] = str(error).splitlines()[0]
            assert str(statement.compile(dialect=sqlite.dialect()))
    assert refused.keys() == _OF_SQLITE


@pytest.fixture
def ask(tmp_path: Path, kind: str) -> Iterator[Callable[..., Any]]:
    """Return what asks a database for the values of columns."""
    if kind == "sqlite":
        database = Database.sqlite(tmp_path / "park.sqlite")
    else:
        database = Database.postgresql(empty_url(tmp_path))
    migrate(database.engine)
    yield lambda *columns: tuple(database.read(lambda c: c.execute(select(*columns)).one()))
    database.close()


@BOTH
def test_functions_answer_alike(ask: Callable[..., Any]) -> None:
    first, last = literal("2026-11-23T08:00:00.000000Z"), literal("2026-11-24T08:00:01.500000Z")
    (length,) = ask(seconds_between(first, last))
    assert length == pytest.approx(86_401.5, abs=0.001)
    assert ask(seconds_of(literal("yesterday evening")).is_(None)) == (True,)
    assert ask(*(json_kind(literal(each)) for each in ("{}", "[1]", "{", ""))) == (
        *("object", "array"),
        *(None, None),
    )
    assert ask(is_json(literal("1")), is_json(literal("one"))) == (True, False)
    odd = [has_odd_units(literal(each)) for each in ('{"a": 1}', '{"a": 1.5}', '{"a": "1"}')]
    assert ask(*odd) == (False, True, True)
    assert ask(least(literal("b"), func.coalesce(literal("a"), "c"))) == ("a",)


@BOTH
def test_a_row_that_is_there_is_left_out(empty: Database, kind: str) -> None:
    migrate(empty.engine)
    row = {"needed": "b", "service": "", "how": "value"}

    def change(connection: Connection) -> int:
        _one_row_in_each(connection)
        job = connection.execute(select(jobs.c.id)).scalar_one()
        for _ in range(2):
            connection.execute(insert_new(needs), [{"job": job, **row}])
        return connection.execute(select(func.count()).select_from(needs)).scalar_one()

    assert empty.write(change).result() == 2
    del kind


@pytest.mark.parametrize("name", ["run.txt", "Mässung.dat", "M\udce4ssung.dat", "\udcff\udcfe"])
def test_a_name_that_is_no_utf8_is_kept_by_postgresql(tmp_path: Path, name: str) -> None:
    database = Database.postgresql(empty_url(tmp_path))
    migrate(database.engine)

    def change(connection: Connection) -> list[str]:
        _one_row_in_each(connection)
        connection.execute(job_files.update().values(name=name))
        query = select(job_files.c.name).where(job_files.c.name == name)
        return list(connection.execute(query).scalars())

    assert database.write(change).result() == [name]
    database.close()


@settings(max_examples=100)
@given(value=JSON_VALUES)
def test_exact_json_is_kept_by_postgresql(postgresql: Database, value: Any) -> None:
    def change(connection: Connection) -> Any:
        for each in reversed(metadata.sorted_tables):
            if each.name != "audit":
                connection.execute(each.delete())
        _row_of(connection, jobs)
        connection.execute(insert(results), {"job": "jobs.id", "document": value})
        return connection.execute(select(results.c.document)).scalar_one()

    assert repr(postgresql.write(change).result()) == repr(value)


def _row_of(connection: Connection, of: Table) -> None:
    required = [each for each in of.columns if not each.nullable]
    values = {each.name: _value(each) for each in required if not each.foreign_keys}
    connection.execute(insert(of), values)
