"""Reads on one snapshot each, begun and ended by the driver itself.

SQLAlchemy's own transaction takes as long as a read by key. It begins one all the same where a
query has a statement of SQLAlchemy's: within that of the driver, which is there already.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import DBAPIError

from park_repo.sql.told import told

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["of_one_snapshot"]

T = TypeVar("T")


def of_one_snapshot(connection: Connection, query: Callable[[Connection], T]) -> T:
    """Return what ``query`` finds by ``connection``, which is in no transaction before and after.

    Raises `DBAPIError`, as SQLAlchemy does.
    """
    if connection.dialect.name != "sqlite":  # another driver begins with the first statement
        with connection.begin():
            return query(connection)
    told(connection, "BEGIN")
    try:
        found = query(connection)
    except BaseException:
        with suppress(DBAPIError):  # whoever takes the connection next hears of it
            _end(connection, "rollback")
        raise
    _end(connection, "commit")
    return found


def _end(connection: Connection, how: str) -> None:
    """End the transaction: SQLAlchemy's, where it reckons that it has one, else the driver's."""
    if connection.in_transaction():
        getattr(connection, how)()
        return
    stored: Any = connection.connection
    try:
        getattr(stored, how)()  # nothing, where the driver has ended it by itself
    except stored.dbapi_connection.Error as error:
        raise DBAPIError(how.upper(), None, error) from error
