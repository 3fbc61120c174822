"""What the two requests of every job are answered: its submission, and its result.

A job that takes a moment has one of them: its result is in the answer to its submission, where
that was asked to wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import Connection

from park.model.ids import JobId
from park.model.states import JobState
from park.wire import JobRecord, encode
from park_server.http.parts import ServiceParts
from park_server.jobs.files.result_text import result_text
from park_server.json_pieces import is_small, text_of
from park_server.threads import in_thread_of

__all__ = ["result_pieces", "submitted_pieces"]

_SMALL_BYTES = 64 << 10
"""A result that is read sooner than a thread is asked to, at the moment when its job is seen."""


async def result_pieces(parts: ServiceParts, user: str, job: JobId, wait: float) -> Sequence[bytes]:
    """Return JSON of ``job`` with its result, when it is final or after ``wait`` seconds."""
    record, small = await parts.jobs.wait_and_read(job, user, wait, _small)
    head = b'{"job":' + await _written(user, record)
    parts.retention.note_read(job, record.finished)
    if record.status is not JobState.COMPLETED:
        return [head, b"}"]
    return [head, b',"result":', *(small or await _result(parts, job)), b"}"]


async def submitted_pieces(
    parts: ServiceParts, user: str, jobs: Sequence[JobId], wait: float
) -> Sequence[bytes]:
    """Return JSON of ``jobs`` when all are final or after ``wait`` seconds: their records.

    That of a job that has completed has its ``result`` besides.
    """
    loop = asyncio.get_running_loop()
    deadline, pieces = loop.time() + wait, [b"["]
    for number, job in enumerate(jobs):
        left = max(deadline - loop.time(), 0.0)
        record, small = await parts.jobs.wait_and_read(job, user, left, _small)
        text = await _written(user, record)
        pieces.append(b"," if number else b"")
        if record.status is JobState.COMPLETED:
            parts.retention.note_read(job, record.finished)
            pieces += [text[:-1], b',"result":', *(small or await _result(parts, job)), b"}"]
        else:
            pieces.append(text)
    return [*pieces, b"]"]


async def _written(user: str, record: JobRecord) -> bytes:
    """Return ``record`` as JSON, what is large written beside the event loop."""
    if is_small(record):
        return _text(record)
    return await in_thread_of(user, _text, record)


def _text(record: JobRecord) -> bytes:
    return text_of(encode(record)).encode("ascii")


def _small(connection: Connection, record: JobRecord) -> Sequence[bytes] | None:
    """Return the result of ``record``, where there is one that is small."""
    if record.status is not JobState.COMPLETED:
        return None
    return result_text(connection, JobId(record.id), most=_SMALL_BYTES)


async def _result(parts: ServiceParts, job: JobId) -> Sequence[bytes]:
    found = await asyncio.to_thread(parts.database.read, lambda c: result_text(c, job))
    return found or []
