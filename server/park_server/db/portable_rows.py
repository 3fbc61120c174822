"""All rows of a database, read from one snapshot and written to another, of whatever kind.

Values are those of the driver, as they stand in the rows: JSON stays the text that it is. Where
the kinds differ (a truth value, a name of a file) the columns of the target say what is meant. So
a database may also be of an older schema than this park's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

__all__ = ["Counters", "Rows", "count_rows", "counters", "put_counters", "put_rows", "tables_of"]

_AT_ONCE = 1_000
"""Rows that are written in one go, at most."""

_READ_AT_ONCE = 50
"""Rows that are read in one go, at most: any may be a result of hundreds of megabytes."""

_BYTES_AT_ONCE = 4 << 20
"""What is read, or written, in one go, but for the last row of it."""

_VERSION = "alembic_version"

Row = Sequence[Any]
Counters = dict[str, int]
"""The last number that each table has given to a row, by its name: none is given twice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """The rows of one ``table``, which are read while they are iterated over."""

    table: str
    columns: tuple[str, ...]
    rows: Iterable[Row]


def tables_of(connection: Connection) -> Iterator[Rows]:
    """Yield the tables, those first that others refer to; to be read in this transaction."""
    for table in _reflected(connection).sorted_tables:
        columns = tuple(column.name for column in table.columns)
        yield Rows(table=table.name, columns=columns, rows=_read(connection, table))


def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in _reflected(connection).sorted_tables
    }


def put_rows(connection: Connection, given: Rows) -> int:
    """Write rows into the table of that name; return how many there were.

    Raises `KeyError` where this database has no such table or column.
    """
    found = MetaData()
    found.reflect(connection, only=[given.table])
    columns = [found.tables[given.table].columns[name] for name in given.columns]
    quoted = connection.dialect.identifier_preparer.quote
    names = ", ".join(quoted(column.name) for column in columns)
    marks = ", ".join(f":v{number}" for number in range(len(columns)))
    statement = text(f"INSERT INTO {quoted(given.table)} ({names}) VALUES ({marks})")  # noqa: S608
    to = connection.dialect.name
    done = 0
    for block in _blocks(given.rows):
        values = [
            {f"v{n}": _fitting(value, columns[n], to) for n, value in enumerate(row)}
            for row in block
        ]
        connection.execute(statement, values)
        done += len(block)
    return done


def _blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield ``rows`` in blocks that are neither too many nor too large to be held."""
    block: list[Row] = []
    size = 0
    for row in rows:
        block.append(row)
        size += _size_of(row)
        if len(block) >= _AT_ONCE or size >= _BYTES_AT_ONCE:
            yield block
            block, size = [], 0
    if block:
        yield block


def _size_of(row: Row) -> int:
    return sum(len(value) for value in row if isinstance(value, (str, bytes)))


def counters(connection: Connection) -> Counters:
    """Return the counters of the tables that number their rows."""
    if connection.dialect.name == "sqlite":
        if not inspect(connection).has_table("sqlite_sequence"):
            return {}
        return {name: seq for name, seq in connection.execute(text(_OF_SQLITE))}  # noqa: C416
    found = {}
    for table, column in _numbered(connection):
        name = connection.execute(text(_SEQUENCE), {"table": table, "column": column}).scalar_one()
        last = connection.execute(text(_LAST), {"name": name}).scalar_one()
        if last is not None:
            found[table] = int(last)
    return found


def put_counters(connection: Connection, given: Counters) -> None:
    """Let the tables count on from there, and from their rows."""
    if connection.dialect.name == "sqlite":
        for table, last in given.items():
            row = {"name": table, "seq": last}
            if (
                connection.execute(
                    text("UPDATE sqlite_sequence SET seq = :seq WHERE name = :name"), row
                ).rowcount
                == 0
            ):
                connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :seq)"), row)
        return
    for table, column in _numbered(connection):
        sequence = connection.execute(
            text(_SEQUENCE), {"table": table, "column": column}
        ).scalar_one()
        quoted = connection.dialect.identifier_preparer.quote
        query = text(f"SELECT max({quoted(column)}) FROM {quoted(table)}")  # noqa: S608
        last = max(connection.execute(query).scalar_one() or 0, given.get(table, 0))
        if last:
            connection.execute(
                text("SELECT setval(:name, :last)"), {"name": sequence, "last": last}
            )


_OF_SQLITE = "SELECT name, seq FROM sqlite_sequence"
_SEQUENCE = "SELECT pg_get_serial_sequence(:table, :column)"
_LAST = "SELECT pg_sequence_last_value(CAST(CAST(:name AS text) AS regclass))"


def _numbered(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield the tables that PostgreSQL numbers, with the column of the number."""
    for table in _reflected(connection).sorted_tables:
        for column in table.columns:
            default = getattr(column.server_default, "arg", None)
            if "nextval(" in str(default):
                yield table.name, column.name


def _reflected(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection)
    if _VERSION in found.tables:
        found.remove(found.tables[_VERSION])
    return found


def _read(connection: Connection, table: Table) -> Iterator[Row]:
    quoted = connection.dialect.identifier_preparer.quote
    names = ", ".join(quoted(column.name) for column in table.columns)
    query = text(f"SELECT {names} FROM {quoted(table.name)}")  # noqa: S608 (names that it has)
    found = connection.execute(query.execution_options(stream_results=True))
    count = 1
    while block := found.fetchmany(count):
        yield from map(tuple, block)
        is_small = sum(map(_size_of, block)) < _BYTES_AT_ONCE // 2
        count = min(2 * count, _READ_AT_ONCE) if is_small else max(1, count // 2)


def _fitting(value: Any, column: Column[Any], to: str) -> Any:
    """Return ``value`` as the driver of the target takes it for ``column``."""
    kind: TypeEngine[Any] = column.type
    if value is None:
        return None
    if to == "postgresql":
        if isinstance(kind, Boolean):
            return bool(value)
        if isinstance(kind, LargeBinary) and isinstance(value, str):
            return value.encode("utf-8", "surrogateescape")
        return float(value) if isinstance(kind, Float) else value
    if isinstance(kind, String) and isinstance(value, bytes):
        return _text_where_it_is(value)
    return value


def _text_where_it_is(value: bytes) -> str | bytes:
    """Return a name of a file as SQLite keeps it: bytes only where they are no UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value
