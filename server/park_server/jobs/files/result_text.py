"""The result of a job as it is stored: JSON text, handed on without being read."""

from __future__ import annotations

import math

from sqlalchemy import (
    Connection,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    type_coerce,
)

from park.model.ids import JobId
from park_server.db.prepared import Prepared
from park_server.db.tables import results

__all__ = ["result_text"]

_PIECE_BYTES = 1 << 20
_RESULT_ROW = Prepared(
    select(
        literal_column("rowid"),
        case(
            (func.typeof(results.c.document) == "text", None), else_=cast(results.c.document, Text)
        ),
    ).where(results.c.job == bindparam("job"))
)


_SIZE = Prepared(
    select(func.octet_length(type_coerce(results.c.document, Text))).where(
        results.c.job == bindparam("job")
    )
)
_TEXT = Prepared(
    select(type_coerce(results.c.document, Text)).where(results.c.job == bindparam("job"))
)


def result_text(connection: Connection, job: JobId, most: float = math.inf) -> list[bytes] | None:
    """Return the encoded result of ``job`` as it is stored, JSON text, in pieces.

    To read it as data and write it again would cost many times its size. None for one of more
    than ``most`` bytes.
    """
    of = _of_sqlite if connection.dialect.name == "sqlite" else _of_server
    return of(connection, job, most)


def _of_server(connection: Connection, job: JobId, most: float) -> list[bytes] | None:
    (size,) = _SIZE.first(connection, job=job) or (0,)
    if size > most:
        return None
    (document,) = _TEXT.first(connection, job=job) or ("null",)
    encoded = document.encode("ascii")
    return [encoded[first : first + _PIECE_BYTES] for first in range(0, len(encoded), _PIECE_BYTES)]


def _of_sqlite(connection: Connection, job: JobId, most: float) -> list[bytes] | None:
    """Read it from where it is in the file, without a copy of the whole."""
    row, number = _RESULT_ROW.first(connection, job=job) or (None, "null")
    stored = connection.connection.driver_connection
    if number is not None or stored is None:  # a number, as older services kept it
        return [str(number).encode("ascii")]
    with stored.blobopen("results", "document", row, readonly=True) as blob:
        if len(blob) > most:
            return None
        return list(iter(lambda: blob.read(_PIECE_BYTES), b""))
