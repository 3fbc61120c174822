"""JSON documents of which an event loop reads the little ones, and leaves the others unread.

How long a text is, SQLite tells only by reading it (``octet_length`` is of its version 3.43): 0.2 s
for 60 MB. What opens a value by its row knows that beforehand.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import ColumnElement, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from park_server.json_pieces import LARGE_BYTES, loads

__all__ = ["is_little", "little", "read_little"]

_MUCH = "-"
"""In the place of a document that PostgreSQL does not hand out; no JSON."""


class _Little(FunctionElement[Any]):
    type = NullType()
    inherit_cache = True
    name = "little"


@compiles(_Little)
def _where_it_is(element: _Little, compiler: Any, **given: Any) -> str:
    document = compiler.process(element.clauses, **given)
    (column,) = element.clauses
    row = f"{compiler.preparer.format_table(column.table)}.rowid"
    # a number, as older services kept it, is no value to open
    return f"CASE typeof({document}) WHEN 'text' THEN {row} ELSE CAST({document} AS TEXT) END"


@compiles(_Little, "postgresql")
def _itself(element: _Little, compiler: Any, **given: Any) -> str:
    document = compiler.process(element.clauses, **given)
    return f"CASE WHEN octet_length({document}) > {LARGE_BYTES} THEN '{_MUCH}' ELSE {document} END"


def little(document: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what a query selects of a column of JSON, for `read_little`."""
    return _Little(document)


def read_little(
    connection: Connection, document: Any, found: int | str | None, most: int = LARGE_BYTES
) -> tuple[Any, int] | None:
    """Return what is in the column ``document``, and its bytes; None: more than ``most``.

    ``found`` is what was selected by `little`, null where there is no document. ``most`` is
    `LARGE_BYTES` at most. Raises `DBAPIError` as a query does.
    """
    text: str | bytes | None = None
    if isinstance(found, int):
        text = _read(connection, document.table.name, document.name, found, most)
    elif found is None:
        return None, 0
    elif found != _MUCH and len(found) <= most:
        text = found
    return None if text is None else (loads(text), len(text))


def is_little(connection: Connection, document: Any, found: int | str | None) -> bool:
    """Tell whether `read_little` would read ``found``, which is not read; raises as that does."""
    if isinstance(found, int):
        with _opened(connection, document.table.name, document.name, found) as blob:
            return len(blob) <= LARGE_BYTES
    return found is None or (found != _MUCH and len(found) <= LARGE_BYTES)


def _read(connection: Connection, table: str, column: str, row: int, most: int) -> bytes | None:
    blob = _opened(connection, table, column, row)
    try:
        return blob.read() if len(blob) <= most else None
    except sqlite3.Error as error:
        raise _unreadable(table, column, row, error) from error
    finally:
        blob.close()


def _opened(connection: Connection, table: str, column: str, row: int) -> sqlite3.Blob:
    """Return a value that is not read yet; of four of them is a job made that starts."""
    stored: Any = connection.connection.dbapi_connection
    try:
        blob: sqlite3.Blob = stored.blobopen(table, column, row, readonly=True)
    except sqlite3.Error as error:
        raise _unreadable(table, column, row, error) from error
    return blob


def _unreadable(table: str, column: str, row: int, error: sqlite3.Error) -> DBAPIError:
    return DBAPIError(f"{table}.{column} of row {row}", None, error)
