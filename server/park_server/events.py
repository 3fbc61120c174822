"""The append-only event log: every transition is one row with a sequence number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from park_server.clock import now
from park_server.db.event_kinds import check_kind
from park_server.db.prepared import Prepared
from park_server.db.tables import events

__all__ = ["after", "append", "append_all", "append_many", "machine_of"]

_APPEND = Prepared(insert(events), ("time", "subject", "id", "type", "user", "data"))
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

    ``subject`` and ``type`` are two of `db.event_kinds.KINDS`; any other raises `ValueError`.
    """
    check_kind(subject, type)
    _APPEND.run(
        connection,
        {"time": now(), "subject": subject, "id": id, "type": type, "user": user, "data": data},
    )


def append_all(
    connection: Connection, *, subject: str, user: str, entered: Sequence[tuple[str, str]]
) -> None:
    """Write one event for each id in ``entered``, with the state it entered."""
    for kind in {each[1] for each in entered}:
        check_kind(subject, kind)
    moment = now()
    rows = [
        {"time": moment, "subject": subject, "id": id, "type": type, "user": user, "data": {}}
        for id, type in entered  # noqa: A001 (the columns' names)
    ]
    _APPEND.run_all(connection, rows)


def append_many(
    connection: Connection,
    *,
    subject: str,
    entered: Sequence[tuple[str, str, str, dict[str, Any]]],
) -> None:
    """Write one event for each ``(id, type, user, data)``."""
    for kind in {each[1] for each in entered}:
        check_kind(subject, kind)
    moment = now()
    rows = [
        {"time": moment, "subject": subject, "id": id, "type": type, "user": user, "data": data}
        for id, type, user, data in entered  # noqa: A001 (the columns' names)
    ]
    _APPEND.run_all(connection, rows)


def after(connection: Connection, user: str, sequence: int, limit: int) -> list[dict[str, Any]]:
    """Return up to ``limit`` events of ``user`` that follow ``sequence``, oldest first."""
    query = (
        select(*(events.c[name] for name in _SHOWN))
        .where(events.c.seq > sequence, events.c.user == user)
        .order_by(events.c.seq)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def machine_of(connection: Connection, job: str) -> dict[str, str]:
    """Return what the process of ``job`` found of its machine; empty where no event says it."""
    query = (
        select(events.c.data)
        .where(events.c.id == job, events.c.subject == "job")
        .order_by(events.c.seq.desc())
    )
    told = (data["machine"] for data in connection.execute(query).scalars() if "machine" in data)
    return next(told, {})
