"""An answer with many items: the JSON of all, a piece at a time."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import Response, StreamingResponse

from park.wire import AreaRecord
from park_server.http.front import streamed_list as module
from park_server.http.front.streamed_list import streamed_list, streamed_records

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ["a", "\udce4", "c"]
RECORDS = [AreaRecord(name=name, writable=True) for name in NAMES]


async def body_of(response: Response) -> bytes:
    if isinstance(response, StreamingResponse):
        return b"".join([bytes(piece) async for piece in response.body_iterator])  # type: ignore[arg-type]
    return bytes(response.body)


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_pieces_are_together_the_list(
    count: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PIECE_CHARACTERS", size)
    expected = [{"name": name, "writable": True} for name in NAMES[:count]]

    async def test() -> None:
        for records in (RECORDS[:count], expected):
            response = await streamed_records("ada", records)
            assert isinstance(response, StreamingResponse) is (size == 1)
            assert json.loads(await body_of(response)) == expected

    asyncio.run(test())


def test_nothing_is_read_before_what_is_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PIECE_CHARACTERS", 4)
    read: list[int] = []

    def items() -> Iterator[list[str]]:
        for number in range(1_000):
            read.append(number)
            yield ["[]", "{}"]

    async def test() -> None:
        response = await streamed_list("ada", items())
        assert isinstance(response, StreamingResponse)
        assert len(read) == 2
        pieces = aiter(response.body_iterator)
        for number in range(20):
            await anext(pieces)
            assert len(read) <= number + 3

    asyncio.run(test())


def test_what_the_first_one_raises_is_raised() -> None:
    def records() -> Iterator[Any]:
        raise OSError("gone")
        yield

    with pytest.raises(OSError, match="gone"):
        asyncio.run(streamed_records("ada", records()))
