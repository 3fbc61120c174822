"""The engine for a SQLite file: transactions begin when SQLAlchemy says so, not the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from park_repo.sql.told import told

if TYPE_CHECKING:
    from pathlib import Path
    from sqlite3 import Connection as DBAPIConnection

__all__ = ["sqlite_engine"]

_BUSY_TIMEOUT_S = 30.0
"""Seconds that SQLite waits for another process (a backup, a migration) that holds the lock."""


_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
"""What is deleted is overwritten, whatever SQLite was compiled with (Debian's does so, others do
not): a password is gone from the file with the row, and from the journal as that goes round."""


def sqlite_engine(path: Path, *, read_only: bool) -> Engine:
    """Return an engine on the file at ``path``.

    A writer takes the lock at its start (``BEGIN IMMEDIATE``): a transaction that begins
    as a reader and then writes can fail as busy without any time-out.
    """
    # reads are short and come from any thread: nobody should ever wait for a connection
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        max_overflow=-1,
        connect_args={"timeout": _BUSY_TIMEOUT_S},
    )
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    def on_connect(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if read_only:
            # a change made inside a read would be lost without a word; now it raises
            connection.execute("PRAGMA query_only=ON")

    def on_begin(connection: Any) -> None:
        if not connection.connection.in_transaction:  # see `of_one_snapshot`
            told(connection, begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine
