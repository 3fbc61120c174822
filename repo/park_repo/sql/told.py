"""Statements for the driver itself, around SQLAlchemy, which takes ten times as long."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

__all__ = ["cursor_of", "told"]


def cursor_of(connection: Connection) -> Any:
    """Return a cursor of the driver's own connection, which that of the pool asks in turn."""
    driver: Any = connection.connection.dbapi_connection
    return driver.cursor()


def told(connection: Connection, statement: str) -> Any:
    """Tell the driver ``statement``, which has no parameters; return its cursor.

    Raises `DBAPIError`, as SQLAlchemy does.
    """
    cursor = cursor_of(connection)
    try:
        cursor.execute(statement)
    except cursor.connection.Error as error:
        raise DBAPIError(statement, None, error) from error
    return cursor
