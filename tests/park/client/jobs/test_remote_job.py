"""Jobs as their service knows them: record, result, logs and files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.services.job_service import JobService

if TYPE_CHECKING:
    from pathlib import Path

    from park.client.jobs.submitted_job import Job


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobService:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    return JobService().bind()


@pytest.fixture
def job(one: JobService) -> Job:
    return one.service.submit("m:f")


def test_a_job_can_be_awaited(one: JobService, job: Job) -> None:
    one.end(job.id, result=[1])
    job.wait()

    async def waited() -> Any:
        return await job

    assert asyncio.run(waited()) == [1]
