"""Whoever reads what a job left says with that that it is of use."""

from __future__ import annotations

from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient
from support.labs.install_lab import opened_database
from support.labs.rows import add_job
from support.material.open_doors import without_limit
from support.services.bearer import Bearer

from park.wire import JobRecord
from park_server.db.tables import jobs
from park_server.http.app import application
from park_server.http.auth import Tokens
from park_server.jobs.reading.single_looks import Looked
from park_server.trust.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fastapi import FastAPI

JOB = "01a21a90-80bb-7847-b026-a00d7b3f5c5a"
FINISHED = "2026-11-27T00:00:00.000000Z"


@pytest.mark.parametrize("what", ["result", "files/run.refl"])
def test_a_result_or_a_file_that_is_read_is_noted(tmp_path: Path, what: str) -> None:
    noted: list[tuple[str, str | None]] = []

    class Retention:
        def note_read(self, job: str, finished: str | None) -> None:
            noted.append((job, finished))

    class Jobs:
        async def look(self, *_: Any) -> Looked[None]:
            names = [name for name in JobRecord.__dataclass_fields__ if name != "files"]
            known = {"id": JOB, "status": "failed", "finished": FINISHED}
            record = JobRecord(**{**dict.fromkeys(names), **known})  # type: ignore[arg-type]
            return Looked(record=record, what=None)

    with opened_database(tmp_path) as database:
        database.write(lambda c: add_job(c, JOB, "ada", [])).result()
        database.write(lambda c: c.execute(update(jobs).values(finished=FINISHED))).result()
        parts = SimpleNamespace(jobs=Jobs(), database=database, retention=Retention())

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            app.state.parts = parts
            yield

        app = application(
            tokens=Tokens.of({"t": "ada"}),
            simple_routes=[],
            lifespan=lifespan,
            grants_of_service=None,
            under_way=UnderWay(),
            admit=without_limit,
            entrance=None,
        )
        with TestClient(app) as client:
            client.get(f"/api/v1/jobs/{JOB}/{what}", auth=Bearer("t"))
    assert noted == [(JOB, FINISHED)]
