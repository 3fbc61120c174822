"""Routes that show what is inside a job: its call, its reports, and its files."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

from starlette.requests import Request

from park.errors import UnknownItem, UsageError
from park.model.ids import JobId, new_id
from park.model.states import JobKind, JobState
from park.wire import JobRecord
from park_server import untrusted
from park_server.http.auth import user_of
from park_server.http.exact_json import ExactJson
from park_server.http.parts import ServiceParts, parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.jobs import job_rows, job_view
from park_server.jobs.conditions.progress_log import PROGRESS_FILE
from park_server.jobs.left import file_rows
from park_server.page.previews import preview_of
from park_server.page.seen_records import CallRecord, PreviewRecord, ProgressSeries
from park_server.page.series import MOST_BYTES, series_of
from park_server.page.shown import arguments_of, shown
from park_server.threads import in_thread_of
from park_server.untrusted import NotPlain

__all__ = ["router"]

router = DeclaredRoutes()


@router.get("/jobs/{job}/call", response_model=CallRecord)
def show_call(request: Request, job: str) -> ExactJson:
    """Return what a job was called with, and what it returned, as people read it."""
    parts, user = parts_of(request), user_of(request)
    return ExactJson(_call(parts, job, user))


def _call(parts: ServiceParts, job: str, user: str) -> CallRecord:
    found = parts.database.read(
        lambda c: job_rows.get(c, JobId(job_view.full_id(c, job, user)), user)
    )
    call = parts.database.read(lambda c: job_rows.call_of(c, found.id))
    result = parts.database.read(lambda c: job_rows.result_of(c, found.id))
    arguments, left_out = arguments_of(call)
    function = call.get("function")
    kind = function.get("type") if isinstance(function, dict) else None
    return CallRecord(
        entry_point=found.entry_point,
        arguments=arguments,
        left_out=left_out,
        by_value=None if kind is None else str(kind),
        result=shown(result) if found.finished and result is not None else None,
    )


@router.post("/jobs/{job}/again", response_model=JobRecord)
async def run_again(request: Request, job: str) -> ExactJson:
    """Submit the same call in the same environment once more; return the new job."""
    parts, user = parts_of(request), user_of(request)
    found = await in_thread_of(
        user,
        parts.database.read,
        lambda c: job_rows.get(c, JobId(job_view.full_id(c, job, user)), user),
    )
    if found.kind is not JobKind.CALL:
        raise UsageError(
            f"job {found.id} is a {found.kind}, and not run again from here",
            hint="run the script that submitted it once more",
        )
    call = await asyncio.to_thread(parts.database.read, lambda c: job_rows.call_of(c, found.id))
    install = found.install if found.lock_hash is None else None
    asked = replace(job_rows.request_of(found, call), id=new_id(), install=install)
    if found.status is JobState.COMPLETED:  # else what it left would answer at once
        asked = replace(asked, memo=False)
    created = await parts.jobs.submit(user, [asked])
    return ExactJson(created[0])


@router.get("/jobs/{job}/progress", response_model=ProgressSeries)
def show_progress(request: Request, job: str) -> ExactJson:
    """Return all that a job reported of its progress, or as many as a plot has points."""
    parts, user = parts_of(request), user_of(request)
    id_ = parts.database.read(lambda c: job_view.existing(c, job, user))
    folder = parts.folders.path_of(parts.jobs.run_of(id_))
    content, is_end = b"", False
    try:
        with untrusted.opened(folder.parent, [folder.name, PROGRESS_FILE]) as descriptor:
            begin = max(0, os.fstat(descriptor).st_size - MOST_BYTES)
            content, is_end = os.pread(descriptor, MOST_BYTES, begin), begin > 0
    except (OSError, NotPlain):  # it reports nothing, or has put something else there
        content = b""
    return ExactJson(series_of(content, is_end=is_end))


@router.get("/jobs/{job}/previews/{name:path}", response_model=PreviewRecord)
async def show_preview(request: Request, job: str, name: str) -> ExactJson:
    """Return a file that a job left, as far as it can be shown without trust."""
    parts, user = parts_of(request), user_of(request)
    id_ = parts.database.read(lambda c: job_view.existing(c, job, user))
    file = parts.database.read(lambda c: file_rows.file_of(c, id_, name))
    try:
        path = await parts.content.ready(file.sha256)
    except UnknownItem as error:
        line = f"{name!r} of job {id_} is not here any more: {error.message}"
        raise UnknownItem(line, hint=error.hint) from error
    return ExactJson(await asyncio.to_thread(preview_of, path))
