"""An answer with many items: made and sent in pieces, so that it takes the memory of a piece."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Any

from starlette.responses import Response, StreamingResponse

from park.wire import encode
from park_server.threads import in_thread_of

__all__ = ["streamed_list", "streamed_records", "streamed_text", "written"]

_JSON = "application/json"

_PIECE_CHARACTERS = 256 << 10
"""What is sent at once; most answers are less."""


async def streamed_records(user: str, records: Iterable[Any]) -> Response:
    """Return the response with ``records``, or JSON data, of which each is little to write.

    They are read and written in threads of ``user`` while it is sent. What reading the first
    of them raises is raised; later the answer can only break off.
    """
    return await streamed_list(user, ((written(_data(each)),) for each in records))


async def streamed_list(user: str, items: Iterable[Iterable[str]]) -> Response:
    """Return the response with the JSON list of ``items``, each in texts, as `streamed_records`."""
    return await streamed_text(user, _list_of(items))


async def streamed_text(user: str, texts: Iterable[str]) -> Response:
    """Return the response with JSON that is ``texts`` in a row, as `streamed_records`."""
    pieces = _pieces(texts)
    begun = await in_thread_of(user, lambda: list(islice(pieces, 2)))
    if len(begun) == 1:
        return Response(begun[0], media_type=_JSON)
    return StreamingResponse(_sent(user, begun, pieces), media_type=_JSON)


async def _sent(user: str, begun: Iterable[bytes], rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in begun:
        yield piece
    while (more := await in_thread_of(user, next, rest, None)) is not None:
        yield more


def _list_of(items: Iterable[Iterable[str]]) -> Iterator[str]:
    yield "["
    opening = ""
    for item in items:
        yield opening
        opening = ","
        yield from item
    yield "]"


def _pieces(texts: Iterable[str]) -> Iterator[bytes]:
    """Yield ``texts`` as ASCII, of each piece as much as is sent at once; one at least."""
    gathered: list[str] = []
    size = 0
    for text in texts:
        gathered.append(text)
        size += len(text)
        if size >= _PIECE_CHARACTERS:
            yield "".join(gathered).encode("ascii")
            gathered, size = [], 0
    yield "".join(gathered).encode("ascii")


def _data(item: Any) -> Any:
    return item if isinstance(item, dict) else encode(item)


written = json.JSONEncoder(separators=(",", ":")).encode
"""Writes what is little, without spaces."""
