"""Rows for tests of what asks the database, without a service around it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from support.labs.databases import engine_with_tables

from park.model.states import InstallState, JobState
from park.wire import FETCH, JobRequest
from park_server.clock import now
from park_server.db.tables import calls, installs, jobs
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.creation import NewJob, create
from park_server.jobs.conditions.needs import planned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

__all__ = ["NOW", "USER", "add_install", "add_job", "new_job", "rows_in_memory"]

USER = "ada"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""When jobs are submitted."""


@contextmanager
def rows_in_memory() -> Iterator[Connection]:
    """Give a connection to a new database with every table of a service, in one transaction."""
    with engine_with_tables() as engine, engine.begin() as connection:
        yield connection


def new_job(
    connection: Connection,
    job: str,
    *args: Any,
    user: str = USER,
    state: JobState = JobState.WAITING,
    when: Any = None,
    **facts: Any,
) -> None:
    """Write a job as a submission does, with what it needs, in ``state``.

    ``when`` is the inside of a condition as JSON; ``facts`` are of the request.
    """
    condition = None if when is None else {"version": 1, "condition": when}
    if not facts.keys() & {"install", "lock_hash", "fetch"}:
        facts["lock_hash"] = "ab"
    entry_point = facts.pop("entry_point", FETCH if "fetch" in facts else "mymodel:fit")
    request = JobRequest(
        id=job,
        entry_point=entry_point,
        call={"args": list(args), "kwargs": {}},
        when=condition,
        **facts,
    )
    plan = planned(request, NOW)
    new = NewJob(
        request=request,
        label=plan.label,
        state=state,
        condition=plan.condition,
        pending=len({needed for needed, *_ in plan.needs}) if plan.is_plain else None,
    )
    create(connection, user, [new], now())
    need_rows.write(connection, [plan])


def add_install(
    connection: Connection, install: str, state: InstallState, *, user: str = USER, **facts: Any
) -> None:
    """Write an install in ``state``."""
    row: dict[str, Any] = {
        "id": install,
        "user": user,
        "project": "mymodel",
        "version": "1.0",
        "python": "3.11",
        "set_hash": "cd",
        "request": {},
        "state": state,
        "added": [],
        "realised": False,
        "created": "",
        "updated": "",
    }
    connection.execute(insert(installs), row | facts)


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
