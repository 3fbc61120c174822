"""A small result is read where it is asked for, a large one in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlalchemy import insert
from support.labs.install_lab import opened_database
from support.labs.rows import add_job

from park.model.ids import JobId
from park.model.states import JobState
from park.wire import JobRecord
from park_server.db.tables import results
from park_server.http.front import job_answers
from park_server.http.front.job_answers import result_pieces
from park_server.jobs.files.result_text import result_text

if TYPE_CHECKING:
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

        async def wait_and_read(*asked: Any) -> tuple[JobRecord, Any]:
            return record, database.read(lambda c: asked[-1](c, record))

        jobs = SimpleNamespace(wait_and_read=wait_and_read)
        parts = SimpleNamespace(jobs=jobs, database=database, retention=retention)
        pieces = asyncio.run(result_pieces(cast("ServiceParts", parts), "ada", JOB, 0.0))
    assert b"".join(pieces).endswith(b',"result":' + document.encode() + b"}")
    assert any(reader is not threading.main_thread() for reader in readers) is in_thread
