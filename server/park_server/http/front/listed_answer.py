"""The answer with jobs, each with the files that it left, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from starlette.responses import Response

from park.wire import FileRecord, JobRecord, encode
from park_server.http.front.streamed_list import streamed_list, written
from park_server.jobs.reading.listed_jobs import ListedJob
from park_server.json_pieces import text_of

__all__ = ["listed_response", "texts_of"]


async def listed_response(user: str, jobs: Iterable[ListedJob]) -> Response:
    """Return the response with ``jobs``, as `streamed_list` makes it."""
    return await streamed_list(user, (texts_of(job.record, job.files) for job in jobs))


def texts_of(record: JobRecord, files: Iterable[Sequence[FileRecord]]) -> Iterator[str]:
    """Yield JSON of ``record``, which has ``files``, in texts."""
    document = encode(record)
    del document["files"]
    yield f'{text_of(document)[:-1]}, "files": ['
    opening = ""
    for page in files:
        if page:
            yield opening + written([encode(each) for each in page])[1:-1]
            opening = ","
    yield "]}"
