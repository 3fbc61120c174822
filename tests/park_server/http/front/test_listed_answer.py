"""An answer with many jobs: the JSON of all, a piece at a time."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import StreamingResponse

from park.wire import FileRecord, JobRecord, encode
from park_server.http.front import listed_answer as module
from park_server.http.front.listed_answer import listed_response
from park_server.jobs.reading.listed_jobs import ListedJob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def record(job: str) -> JobRecord:
    told: dict[str, Any] = dict.fromkeys(JobRecord.__dataclass_fields__)
    return JobRecord(**(told | {"id": job, "label": "\ud800", "files": []}))


def listed(job: str, *pages: int) -> ListedJob:
    files = [[FileRecord(name=f"{n}", sha256="ab", size=n) for n in range(page)] for page in pages]
    return ListedJob(record=record(job), files=files)


async def body_of(jobs: Iterable[ListedJob]) -> tuple[list[bytes], bool]:
    response = await listed_response("ada", jobs)
    if isinstance(response, StreamingResponse):
        return [bytes(piece) async for piece in response.body_iterator], True  # type: ignore[arg-type]
    return [bytes(response.body)], False


@pytest.mark.parametrize("jobs", [[], [listed("a")], [listed("a", 2, 1), listed("b", 0)]])
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_pieces_are_together_the_list(
    jobs: list[ListedJob], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PIECE_CHARACTERS", size)
    pieces, streamed = asyncio.run(body_of(jobs))
    files = [[encode(file) for page in job.files for file in page] for job in jobs]
    assert json.loads(b"".join(pieces)) == [
        encode(job.record) | {"files": left} for job, left in zip(jobs, files, strict=True)
    ]
    assert streamed is (size == 1 and bool(jobs))


def test_no_job_is_read_before_the_piece_before_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_PIECE_CHARACTERS", 1)
    read: list[int] = []

    def jobs() -> Iterator[ListedJob]:
        for number in range(1_000):
            read.append(number)
            yield listed(f"{number}")

    async def test() -> None:
        response = await listed_response("ada", jobs())
        assert isinstance(response, StreamingResponse)
        assert len(read) == 1
        pieces = aiter(response.body_iterator)
        for _ in range(20):
            await anext(pieces)
        assert len(read) < 20

    asyncio.run(test())


def test_what_the_first_one_raises_is_raised() -> None:
    def jobs() -> Iterator[ListedJob]:
        raise OSError("gone")
        yield

    with pytest.raises(OSError, match="gone"):
        asyncio.run(listed_response("ada", jobs()))
