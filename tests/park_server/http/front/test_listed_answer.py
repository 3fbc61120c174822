"""An answer with many jobs: the JSON of all."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from park.wire import FileRecord, JobRecord, encode
from park_server.http.front.listed_answer import listed_response
from park_server.jobs.reading.listed_jobs import ListedJob


def record(job: str) -> JobRecord:
    told: dict[str, Any] = dict.fromkeys(JobRecord.__dataclass_fields__)
    return JobRecord(**(told | {"id": job, "label": "\ud800", "files": []}))


def listed(job: str, *pages: int) -> ListedJob:
    files = [[FileRecord(name=f"{n}", sha256="ab", size=n) for n in range(page)] for page in pages]
    return ListedJob(record=record(job), files=files)


@pytest.mark.parametrize("jobs", [[], [listed("a")], [listed("a", 2, 1), listed("b", 0)]])
def test_a_job_has_its_files_of_all_pages(jobs: list[ListedJob]) -> None:
    body = bytes(asyncio.run(listed_response("ada", jobs)).body)
    files = [[encode(file) for page in job.files for file in page] for job in jobs]
    assert json.loads(body) == [
        encode(job.record) | {"files": left} for job, left in zip(jobs, files, strict=True)
    ]
