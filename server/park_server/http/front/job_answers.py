"""What the two requests of every job are answered: its submission, and its result.

A job that takes a moment has one of them: its result is in the answer to its submission, where
that was asked to wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response, StreamingResponse

from park.model.ids import JobId
from park.model.states import JobState
from park.wire import FileRecord, JobRecord, encode
from park_server.http.front.listed_answer import texts_of
from park_server.http.front.streamed_list import streamed_text
from park_server.http.parts import ServiceParts
from park_server.jobs.files.result_text import result_text
from park_server.jobs.reading.single_looks import Looked
from park_server.json_pieces import is_small, text_of
from park_server.threads import in_thread_of

__all__ = ["job_response", "result_pieces", "result_response", "submitted_pieces"]

_JSON = "application/json"

_SMALL_BYTES = 64 << 10
"""A result that is read sooner than a thread is asked to, at the moment when its job is seen."""


async def job_response(parts: ServiceParts, user: str, job: JobId, wait: float = 0.0) -> Response:
    """Return the response with ``job``, when it is final or after ``wait`` seconds."""
    seen = await parts.jobs.look(job, user, wait, lambda *_: None)
    if seen.pages is not None:
        return await streamed_text(user, texts_of(seen.record, seen.pages))
    return Response(await _written(user, seen.record), media_type=_JSON)


async def result_response(parts: ServiceParts, user: str, job: JobId, wait: float) -> Response:
    """Return the response with ``job`` and its result, when it is final or after ``wait``."""
    seen = await parts.jobs.look(job, user, wait, _small)
    if seen.pages is None:
        return StreamingResponse(_each(await _result_pieces(parts, user, seen)), media_type=_JSON)

    def texts(record: JobRecord, pages: Iterable[Sequence[FileRecord]]) -> Iterator[str]:
        yield '{"job":'
        yield from texts_of(record, pages)
        if record.status is JobState.COMPLETED:
            yield ',"result":'
            for piece in parts.database.read(lambda c: result_text(c, job)) or ():
                yield piece.decode("ascii")
        yield "}"

    parts.retention.note_read(job, seen.record.finished)
    return await streamed_text(user, texts(seen.record, seen.pages))


async def result_pieces(
    parts: ServiceParts, user: str, job: JobId, wait: float
) -> Sequence[bytes] | None:
    """Return JSON of ``job`` with its result; None where there is much: see `result_response`."""
    seen = await parts.jobs.look(job, user, wait, _small)
    return None if seen.pages is not None else await _result_pieces(parts, user, seen)


async def _result_pieces(
    parts: ServiceParts, user: str, seen: Looked[Sequence[bytes] | None]
) -> Sequence[bytes]:
    record, job = seen.record, JobId(seen.record.id)
    head = b'{"job":' + await _written(user, record)
    parts.retention.note_read(job, record.finished)
    if record.status is not JobState.COMPLETED:
        return [head, b"}"]
    return [head, b',"result":', *(seen.what or await _result(parts, job)), b"}"]


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
        seen = await parts.jobs.look(job, user, left, _small)
        text = await _all_of(user, seen)
        pieces.append(b"," if number else b"")
        if seen.record.status is JobState.COMPLETED:
            parts.retention.note_read(job, seen.record.finished)
            result = seen.what or await _result(parts, job)
            pieces += [*text[:-1], text[-1][:-1], b',"result":', *result, b"}"]
        else:
            pieces += text
    return [*pieces, b"]"]


async def _all_of(user: str, seen: Looked[Any]) -> Sequence[bytes]:
    """Return JSON of a job in pieces, the last of which ends with its brace."""
    if seen.pages is None:
        return [await _written(user, seen.record)]
    texts = texts_of(seen.record, seen.pages)
    return await in_thread_of(user, lambda: [each.encode("ascii") for each in texts])


async def _each(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


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
