"""Routes of jobs: submit, follow, results, logs and files.

A job is named by its id, or by the end of it, of six characters or more.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import AwareDatetime, SkipValidation
from starlette.requests import Request
from starlette.responses import Response

from park.errors import NotPermitted, UnknownItem
from park.model.call_label import MOST_CHARACTERS
from park.model.file_names import readable
from park.model.ids import JobId
from park.model.states import JobState
from park.wire import GRACE_S, LONGEST_GRACE_S, JobRecord, JobRequest
from park_repo.http.file_content import FileContent
from park_server.clock import in_utc
from park_server.http.auth import grant_of, user_of
from park_server.http.exact_json import ExactJson
from park_server.http.front.job_answers import job_response, result_response, submitted_pieces
from park_server.http.front.listed_answer import listed_response
from park_server.http.gate.marked import with_request_id
from park_server.http.parts import LONG_POLL_S, MOST, ServiceParts, parts_of
from park_server.http.pieces import (
    LargeRoute,
    checked_items,
    is_large,
    off_loop,
    records_response,
    size_of,
)
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.http.routing.media import AnyFile, Octets
from park_server.jobs import job_rows
from park_server.jobs.job_view import JobFilter, full_id, is_whole
from park_server.jobs.left import file_rows

__all__ = ["router"]

router = DeclaredRoutes(default_response_class=ExactJson, route_class=LargeRoute)

_LOG_BLOCK = 1 << 20
"""Bytes of a log in one answer, so that a runaway print does not fill anybody's memory."""

_LOG_PAUSE_S = 0.1
"""How often a followed log is looked at: a file that grows tells nobody by itself."""


def _full_id(request: Request, job: str) -> JobId:
    """Return the id that ``job`` is the end of, among the user's newest; see `full_id`."""
    if is_whole(job):
        return JobId(job)
    user = user_of(request)
    return parts_of(request).database.read(lambda c: JobId(full_id(c, job, user)))


@router.post("/jobs", response_model=list[JobRecord])
async def submit_jobs(
    request: Request,
    body: Annotated[list[SkipValidation[JobRequest]], Body()],
    wait: Annotated[float, Query(ge=0, le=LONG_POLL_S)] = 0,
) -> Response:
    """Accept jobs, all or none; they are durable when this answers.

    After ``wait`` seconds, or when all are final: the record of a job that has completed by then
    has its ``result`` besides.
    """
    jobs, user = parts_of(request).jobs, user_of(request)
    large, asked = is_large(request), with_request_id(list(body), request.scope)
    size = size_of(request)
    plans = await off_loop(
        request, lambda: jobs.planned(user, checked_items(JobRequest, asked), size=size)
    )
    created = await jobs.accept(user, plans)
    if wait and not large:  # those of a large one are jobs only piece by piece
        ids = [plan.id for plan in plans.plans]
        pieces = await submitted_pieces(parts_of(request), user, ids, wait)
        return Response(b"".join(pieces), media_type="application/json")
    many = large or jobs.takes_time(user, created)
    return await records_response(request, partial(jobs.submitted, user, created), many=many)


@router.get("/jobs", response_model=list[JobRecord])
async def list_jobs(
    request: Request,
    *,
    status: JobState | None = None,
    since: AwareDatetime | None = None,
    label: Annotated[str | None, Query(max_length=MOST_CHARACTERS)] = None,
    submitted_from: Annotated[str | None, Query(max_length=MOST_CHARACTERS)] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 50,
) -> Response:
    """Return the user's newest jobs: those submitted ``since``, with ``label`` in their label."""
    jobs, user = parts_of(request).jobs, user_of(request)
    wanted = JobFilter(
        status=status,
        since=None if since is None else in_utc(since),
        label=label,
        submitted_from=submitted_from,
    )
    return await listed_response(user, jobs.listed(user, wanted, limit=limit))


@router.get("/jobs/{job}", response_model=JobRecord)
async def follow_job(
    request: Request, job: str, wait: Annotated[float, Query(ge=0, le=LONG_POLL_S)] = 0
) -> Response:
    """Return a job, when it is final or after ``wait`` seconds."""
    return await job_response(parts_of(request), user_of(request), _full_id(request, job), wait)


@router.post("/jobs/{job}/cancel", response_model=JobRecord)
async def cancel_job(
    request: Request, job: str, *, dependents: bool = False, unless_needed: bool = False
) -> Response:
    """Cancel a job, with ``dependents`` also all that needs it; answers when it has ended.

    With ``unless_needed`` one that another job needs is left alone.
    """
    if dependents and grant_of(request) is not None:
        raise NotPermitted("a grant cancels the job that it names, and not what needs it")
    job, user = _full_id(request, job), user_of(request)
    await parts_of(request).jobs.cancel(
        job, user, dependents=dependents, unless_needed=unless_needed
    )
    return await job_response(parts_of(request), user, job)


@router.post("/jobs/{job}/stop", response_model=JobRecord)
async def stop_job(
    request: Request,
    job: str,
    *,
    grace: Annotated[float, Query(ge=0, le=LONGEST_GRACE_S)] = GRACE_S,
    unless_needed: bool = False,
) -> Response:
    """Ask a job to stop and to keep its best; it is killed if it goes on for ``grace`` seconds.

    With ``unless_needed`` one that another job needs is left alone.
    """
    job, user = _full_id(request, job), user_of(request)
    await parts_of(request).jobs.stop(job, user, grace_s=grace, unless_needed=unless_needed)
    return await job_response(parts_of(request), user, job)


@router.put("/jobs/{job}/pin", response_model=JobRecord)
async def pin_job(request: Request, job: str) -> Response:
    """Keep a job, its logs, events, result and files, whatever the operator's policy."""
    parts, user, job = parts_of(request), user_of(request), _full_id(request, job)
    await parts.retention.pin(job, user)
    return await job_response(parts, user, job)


@router.delete("/jobs/{job}/pin", response_model=JobRecord)
async def unpin_job(request: Request, job: str) -> Response:
    """Take the pin of a job back."""
    parts, user, job = parts_of(request), user_of(request), _full_id(request, job)
    await parts.retention.unpin(job, user)
    return await job_response(parts, user, job)


@router.delete("/jobs/{job}", status_code=204)
async def remove_job(request: Request, job: str) -> None:
    """Remove a job that has ended and is not pinned, with its result, logs and files."""
    await parts_of(request).retention.remove(_full_id(request, job), user_of(request))


@router.get("/jobs/{job}/result")
async def get_result(
    request: Request, job: str, wait: Annotated[float, Query(ge=0, le=LONG_POLL_S)] = 0
) -> Response:
    """Return the job with its encoded result, when it is final or after ``wait`` seconds.

    ``result`` is absent where the job has none (yet): its ``status`` and ``error`` say why.
    """
    return await result_response(parts_of(request), user_of(request), _full_id(request, job), wait)


@router.get("/jobs/{job}/traceback")
async def get_traceback(request: Request, job: str) -> dict[str, Any]:
    """Return the full traceback of a failed job, where there is one."""
    user, job = user_of(request), _full_id(request, job)
    found = parts_of(request).database.read(lambda c: job_rows.head_of(c, job, user))
    return {"traceback": found.traceback}


@router.get("/jobs/{job}/logs/{stream}", response_class=Octets)
async def read_log(
    request: Request,
    job: str,
    stream: str,
    offset: Annotated[int, Query(ge=0, le=MOST)] = 0,
    wait: Annotated[float, Query(ge=0, le=LONG_POLL_S)] = 0,
) -> Response:
    """Return a block of a log from ``offset``; waits for one while the job is not final.

    ``X-Park-Final: true`` says that the job has ended and no more will come.
    """
    parts, user, job = parts_of(request), user_of(request), _full_id(request, job)
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        # the state first: what was written before the end is then read after it
        record = parts.database.read(lambda c: job_rows.head_of(c, job, user))
        if record.logs_removed is not None:
            raise UnknownItem(
                f"the logs of job {job} were removed {record.logs_removed}, by the policy of"
                " this service",
                hint=f"its result is still there: park result {job}; park pin JOB keeps all of one",
            )
        is_final = record.status.is_final
        run = parts.jobs.run_of(job) if record.attempt == 0 else job
        block = await asyncio.to_thread(parts.folders.log, run, stream, offset, _LOG_BLOCK)
        is_over = parts.bus.is_over or asyncio.get_running_loop().time() >= deadline
        if block or is_final or is_over:
            break
        await _pause(parts, job, user)
    final = "true" if is_final and len(block) < _LOG_BLOCK else "false"
    return Response(block, media_type="application/octet-stream", headers={"X-Park-Final": final})


async def _pause(parts: ServiceParts, job: JobId, user: str) -> None:
    """Wait until the job ends, or for the time between two looks at its log."""

    def is_final() -> bool:
        return parts.database.read(lambda c: job_rows.status_of(c, job, user)).is_final

    await parts.bus.wait_until(job, is_final, bool, _LOG_PAUSE_S)


@router.get("/jobs/{job}/files/{name:path}", response_class=AnyFile)
async def get_file(request: Request, job: str, name: str) -> FileContent:
    """Return a file that a job left; ranges and ETag work."""
    parts, user, job = parts_of(request), user_of(request), _full_id(request, job)
    found = parts.database.read(lambda c: job_rows.head_of(c, job, user))
    parts.retention.note_read(job, found.finished)
    file = parts.database.read(lambda c: file_rows.file_of(c, job, name))
    try:
        path = await parts.content.ready(file.sha256)
    except UnknownItem as error:
        line = f"{name!r} of job {job} is not here any more: {error.message}"
        raise UnknownItem(line, hint=error.hint) from error
    return FileContent(
        path,
        filename=readable(PurePosixPath(name).name),
        headers={"ETag": f'"{file.sha256}"', "Cache-Control": "private, immutable"},
    )
