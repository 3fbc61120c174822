"""A small result is read where it is asked for, a large one in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlalchemy import insert
from starlette.responses import Response, StreamingResponse
from support.labs.install_lab import opened_database
from support.labs.rows import add_job

from park.model.ids import JobId
from park.model.states import JobState
from park.wire import FileRecord, JobRecord
from park_server.db.tables import results
from park_server.http.front import job_answers, streamed_list
from park_server.http.front.job_answers import (
    job_response,
    result_pieces,
    result_response,
    submitted_pieces,
)
from park_server.jobs.files.result_text import result_text
from park_server.jobs.reading.single_looks import Looked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from park_server.http.parts import ServiceParts

JOB = JobId("01a21a90-80bb-7847-b026-a00d7b3f5c5a")


@pytest.mark.parametrize(("size", "in_thread"), [(1_000, False), (100_000, True)])
def test_only_a_large_result_asks_for_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, *, in_thread: bool
) -> None:
    readers: list[threading.Thread] = []

    def noting(*args: Any, **kwargs: Any) -> Any:
        readers.append(threading.current_thread())
        return result_text(*args, **kwargs)

    monkeypatch.setattr(job_answers, "result_text", noting)
    document = '"' + "x" * size + '"'

    known: dict[str, Any] = dict.fromkeys(JobRecord.__dataclass_fields__)
    record = JobRecord(**{**known, "id": JOB, "status": JobState.COMPLETED})

    with opened_database(tmp_path) as database:
        database.write(lambda c: add_job(c, JOB, "ada", [])).result()
        row = {"job": JOB, "document": document[1:-1]}
        database.write(lambda c: c.execute(insert(results), row)).result()
        retention = SimpleNamespace(note_read=lambda *_: None)

        async def look(*asked: Any) -> Looked[Any]:
            return Looked(record=record, what=database.read(lambda c: asked[-1](c, record)))

        jobs = SimpleNamespace(look=look)
        parts = SimpleNamespace(jobs=jobs, database=database, retention=retention)
        pieces = asyncio.run(result_pieces(cast("ServiceParts", parts), "ada", JOB, 0.0))
    assert pieces is not None
    assert b"".join(pieces).endswith(b',"result":' + document.encode() + b"}")
    assert any(reader is not threading.main_thread() for reader in readers) is in_thread


@pytest.mark.parametrize("status", [JobState.COMPLETED, JobState.FAILED])
def test_what_is_much_is_sent_in_pieces_that_are_together_what_is_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: JobState
) -> None:
    monkeypatch.setattr(streamed_list, "_PIECE_CHARACTERS", 200)
    files = [FileRecord(name=f"{number}", sha256="ab", size=number) for number in range(50)]
    known: dict[str, Any] = dict.fromkeys(JobRecord.__dataclass_fields__)
    record = JobRecord(**{**known, "id": JOB, "status": status, "files": files})
    read: list[int] = []
    noted: list[str] = []

    def pages() -> Iterator[list[FileRecord]]:
        for first in range(0, 50, 10):
            read.append(first)
            yield files[first : first + 10]

    with opened_database(tmp_path) as database:
        database.write(lambda c: add_job(c, JOB, "ada", [])).result()
        row = {"job": JOB, "document": [1.0, "x" * 1_000]}
        database.write(lambda c: c.execute(insert(results), row)).result()
        much = Looked(record=replace(record, files=[]), what=None, pages=None)
        little = Looked(record=record, what=None)

        async def look(*_: Any) -> Looked[Any]:
            return little if is_little else replace(much, pages=pages())

        parts = cast(
            "ServiceParts",
            SimpleNamespace(
                jobs=SimpleNamespace(look=look),
                database=database,
                retention=SimpleNamespace(note_read=lambda job, _: noted.append(job)),
            ),
        )

        async def answers() -> list[Any]:
            sent = [
                await body_of(await job_response(parts, "ada", JOB)),
                await body_of(await result_response(parts, "ada", JOB, 0.0)),
                b"".join(await submitted_pieces(parts, "ada", [JOB, JOB], 0.0)),
            ]
            return list(map(json.loads, sent))

        async def is_made_while_it_is_sent() -> bool:
            read.clear()
            response = await job_response(parts, "ada", JOB)
            return isinstance(response, StreamingResponse) and len(read) < 5

        is_little = True
        expected = asyncio.run(answers())
        assert asyncio.run(result_pieces(parts, "ada", JOB, 0.0)) is not None
        is_little = False
        assert asyncio.run(answers()) == expected
        assert asyncio.run(result_pieces(parts, "ada", JOB, 0.0)) is None
        assert asyncio.run(is_made_while_it_is_sent())
    assert set(noted) == {JOB}


async def body_of(response: Response) -> bytes:
    if isinstance(response, StreamingResponse):
        return b"".join([bytes(piece) async for piece in response.body_iterator])  # type: ignore[arg-type]
    return bytes(response.body)
