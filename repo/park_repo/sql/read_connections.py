"""Connections for reads, which stay open between them.

To take one from SQLAlchemy's pool and to give it back takes a read by key longer than SQLite takes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from park_repo.sql.snapshots import of_one_snapshot

__all__ = ["Readers"]

T = TypeVar("T")


class Readers:
    """Reads on ``engine``, by any number of threads at a time, each on a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: list[Connection] = []  # the last one given back is taken first
        self._is_closed = False

    def ask(self, query: Callable[[Connection], T]) -> T:
        """Run ``query`` in the calling thread, on one snapshot of the committed state."""
        connection = self._taken()
        try:
            found = of_one_snapshot(connection, query)
        except DBAPIError:
            _give_up(connection)
            raise
        except BaseException:
            self._give_back(connection)
            raise
        self._give_back(connection)
        return found

    def forget(self) -> None:
        """Close what is not in use; new connections are made when they are needed."""
        while self._idle:
            with suppress(IndexError):  # another thread took it
                _give_up(self._idle.pop())
        self._engine.pool.dispose()  # not the engine, which would take a new pool

    def close(self) -> None:
        """Close all; what is in use still, as soon as its read is over."""
        self._is_closed = True
        self.forget()

    def _taken(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.connect()

    def _give_back(self, connection: Connection) -> None:
        if connection.invalidated:
            _give_up(connection)
        else:
            self._idle.append(connection)
        if self._is_closed:  # it may have been closed between the two
            self.forget()


def _give_up(connection: Connection) -> None:
    with suppress(SQLAlchemyError):
        connection.invalidate()
    with suppress(SQLAlchemyError):
        connection.close()
