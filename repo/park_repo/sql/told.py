"""Statements for the driver itself, around SQLAlchemy, which takes ten times as long."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

__all__ = ["told"]


def told(connection: Connection, statement: str) -> Any:
    """Tell the driver ``statement``, which has no parameters; return its cursor.

    Raises `DBAPIError`, as SQLAlchemy does.
    """
    cursor: Any = connection.connection.cursor()
    try:
        cursor.execute(statement)
    except cursor.connection.Error as error:
        raise DBAPIError(statement, None, error) from error
    return cursor
