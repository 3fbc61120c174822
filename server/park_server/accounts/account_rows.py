"""Which number each user has: for good, so that what he left is never somebody else's."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from park_server.accounts.account import NumberRange
from park_server.clock import now
from park_server.db.tables import accounts

__all__ = ["every", "give"]


def every(connection: Connection) -> dict[str, int]:
    """Return the number of each user that has one, those who were removed as well."""
    return {row.user: row.uid for row in connection.execute(select(accounts))}


def give(connection: Connection, user: str, numbers: NumberRange) -> int | None:
    """Return the number of ``user``: the one that he has, or a new one; None where none is left."""
    known = every(connection)
    if user in known:
        return known[user]
    number = numbers.free(known.values())
    if number is not None:
        connection.execute(insert(accounts).values(user=user, uid=number, created=now()))
    return number
