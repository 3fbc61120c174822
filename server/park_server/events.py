"""The append-only event log: every transition is one row with a sequence number."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select

from park_server.clock import now
from park_server.db.tables import events

__all__ = ["after", "append"]

_SHOWN = ("seq", "time", "subject", "id", "type", "data")


def append(
    connection: Connection,
    *,
    subject: str,
    id: str,  # noqa: A002 (the column's name)
    type: str,  # noqa: A002 (the column's name)
    user: str,
    **data: Any,
) -> None:
    """Write one event in the caller's transaction, so that it is true exactly when the change is.

    ``subject`` is ``job`` or ``install``; ``type`` the state that was entered.
    """
    connection.execute(
        insert(events),
        {"time": now(), "subject": subject, "id": id, "type": type, "user": user, "data": data},
    )


def after(connection: Connection, user: str, sequence: int, limit: int) -> list[dict[str, Any]]:
    """Return up to ``limit`` events of ``user`` that follow ``sequence``, oldest first."""
    query = (
        select(*(events.c[name] for name in _SHOWN))
        .where(events.c.seq > sequence, events.c.user == user)
        .order_by(events.c.seq)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
