"""Jobs as rows, for tests of what stands beside the scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from park_server.clock import now
from park_server.db.tables import calls, jobs

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["add_job"]


def add_job(connection: Connection, job: str, user: str, arguments: list[Any]) -> None:
    """Write a queued job with its call."""
    row = {
        "id": job,
        "user": user,
        "status": "queued",
        "entry_point": "a:b",
        "attempt": 0,
        "fresh": False,
        "restartable": False,
        "cancel_requested": False,
        "submitted": now(),
    }
    connection.execute(insert(jobs), row)
    call = {"args": arguments, "kwargs": {}}
    connection.execute(insert(calls), {"job": job, "document": call})
