"""Routes of what is remembered of calls: why a job ran, what answers others, and forgetting."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.requests import Request

from park.errors import UsageError
from park.model.ids import JobId
from park.wire import ForgottenRecord, MemoRecord, MemoStatsRecord, WhyRecord
from park_server.http.auth import user_of
from park_server.http.exact_json import ExactJson
from park_server.http.parts import parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.jobs import job_view
from park_server.jobs.memo import memo_list
from park_server.jobs.memo.explanation import explained

__all__ = ["router"]

router = DeclaredRoutes()

_LONGEST = 500
"""Characters of an entry point."""


@router.get("/jobs/{job}/explain", response_model=WhyRecord)
def explain_run(request: Request, job: str) -> ExactJson:
    """Return why a job ran, or did not: what changed since the same call, or one most like it."""
    database, user = parts_of(request).database, user_of(request)
    return ExactJson(
        database.read(lambda c: explained(c, JobId(job_view.full_id(c, job, user)), user))
    )


@router.get("/memo", response_model=list[MemoRecord])
def list_memo(
    request: Request,
    entry_point: Annotated[str | None, Query(max_length=_LONGEST)] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 50,
) -> ExactJson:
    """Return the user's newest runs that answer the same call, of ``entry_point`` where given."""
    database, user = parts_of(request).database, user_of(request)
    return ExactJson(
        database.read(lambda c: memo_list.listing(c, user, entry_point=entry_point, limit=limit))
    )


@router.get("/memo/stats", response_model=MemoStatsRecord)
def memo_stats(request: Request) -> ExactJson:
    """Return how much is remembered for the user, and what that has saved."""
    database, user = parts_of(request).database, user_of(request)
    return ExactJson(database.read(lambda c: memo_list.stats(c, user)))


@router.delete("/memo", response_model=ForgottenRecord)
async def forget_memo(
    request: Request,
    *,
    job: Annotated[list[str] | None, Query(max_length=100)] = None,
    entry_point: Annotated[str | None, Query(max_length=_LONGEST)] = None,
    everything: bool = False,
) -> ExactJson:
    """Have the user's runs answer no later call: those of a ``job``, an ``entry_point``, or all.

    The jobs, and what they left, stay.
    """
    if (bool(job) + (entry_point is not None) + everything) != 1:
        raise UsageError(
            "say what is to be forgotten: one of job, entry_point, or everything=true",
            hint="park memo forget JOB, --entry-point MODULE:FUNCTION, or --all",
        )
    database, user = parts_of(request).database, user_of(request)
    count = await database.awrite(
        lambda c: memo_list.forget(
            c,
            user,
            jobs_named=[JobId(job_view.full_id(c, each, user)) for each in job or ()],
            entry_point=entry_point,
        )
    )
    return ExactJson(ForgottenRecord(forgotten=count))
