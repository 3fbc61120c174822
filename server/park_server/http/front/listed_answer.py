"""The answer with many jobs: made and sent in pieces, so that it takes no more memory than one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice

from starlette.responses import Response, StreamingResponse

from park.wire import encode
from park_server.jobs.reading.listed_jobs import ListedJob
from park_server.json_pieces import text_of
from park_server.threads import in_thread_of

__all__ = ["listed_response"]

_JSON = "application/json"

_PIECE_CHARACTERS = 256 << 10
"""What is sent at once; most answers are less."""


async def listed_response(user: str, jobs: Iterable[ListedJob]) -> Response:
    """Return the response with ``jobs``, read and written in threads while it is sent.

    What reading the first of them raises is raised; later the answer can only break off.
    """
    pieces = _pieces(jobs)
    begun = await in_thread_of(user, lambda: list(islice(pieces, 2)))
    if len(begun) == 1:
        return Response(begun[0], media_type=_JSON)
    return StreamingResponse(_sent(user, begun, pieces), media_type=_JSON)


async def _sent(user: str, begun: Iterable[bytes], rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in begun:
        yield piece
    while (more := await in_thread_of(user, next, rest, None)) is not None:
        yield more


def _pieces(jobs: Iterable[ListedJob]) -> Iterator[bytes]:
    """Yield the JSON list of ``jobs``."""
    texts, size = ["["], 0
    for number, job in enumerate(jobs):
        texts.append("," if number else "")
        for text in _texts_of(job):
            texts.append(text)
            size += len(text)
            if size >= _PIECE_CHARACTERS:
                yield "".join(texts).encode("ascii")
                texts, size = [], 0
    yield "".join([*texts, "]"]).encode("ascii")


def _texts_of(job: ListedJob) -> Iterator[str]:
    document = encode(job.record)
    del document["files"]
    yield f'{text_of(document)[:-1]}, "files": ['
    opening = ""
    for page in job.files:
        if page:
            yield opening + _written([encode(each) for each in page])[1:-1]
            opening = ","
    yield "]}"


_written = json.JSONEncoder(separators=(",", ":")).encode
