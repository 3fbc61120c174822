"""Connections with a limit on silence, on a real socket; limits are short where they shall pass."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import uvicorn
from support.session.limits import LIMIT_S
from uvicorn.server import ServerState

from park_server.process import silence
from park_server.process.silence import PatientProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

SHORT_S = 0.05


async def reads_all(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answer once the body is whole, as routes do."""
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] != "http.disconnect":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def refuses(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer before the body has come, as the authentication does."""
    await send({"type": "http.response.start", "status": 401, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def connected(
    app: object,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(app, lifespan="off", log_level="critical")  # type: ignore[arg-type]
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: PatientProtocol(config, state, {}), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()


def said_until_cut(app: object, *pieces: bytes) -> bytes:
    """Send ``pieces``, then nothing; return what came until the service ended the connection."""

    async def scenario() -> bytes:
        said = b""
        async with connected(app) as (reader, writer), asyncio.timeout(LIMIT_S):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            try:
                while data := await reader.read(65536):
                    said += data
            except ConnectionResetError:
                pass
        return said

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    "pieces", [(), (b"GET / HT",), (b"GET / HTTP/1.1\r\nHost: x\r\n", b"A: b\r\n")], ids=str
)
def test_a_connection_without_a_whole_head_is_cut(
    pieces: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "HEAD_S", SHORT_S)
    assert said_until_cut(reads_all, *pieces) == b""


def test_a_second_head_that_never_ends_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "HEAD_S", SHORT_S)
    said = said_until_cut(reads_all, b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP")
    assert said.startswith(b"HTTP/1.1 204 ")


def test_a_body_that_stops_half_way_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "BODY_S", SHORT_S)
    head = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    assert said_until_cut(reads_all, head + b"half") == b""


def test_a_body_after_its_refusal_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "HEAD_S", SHORT_S)
    head = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    assert said_until_cut(refuses, head, b"half").startswith(b"HTTP/1.1 401 ")


def test_an_answer_that_takes_longer_than_all_limits_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HEAD_S", "BODY_S"):
        monkeypatch.setattr(silence, name, SHORT_S)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        passed = asyncio.Event()
        asyncio.get_running_loop().call_later(4 * SHORT_S, passed.set)
        await passed.wait()
        await reads_all(scope, receive, send)

    head = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert said_until_cut(slow, head).startswith(b"HTTP/1.1 204 ")


def test_who_waits_longest_for_a_request_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is kept out by connections on which nothing is said, and who is answered stays."""
    monkeypatch.setattr(silence, "most_connections", lambda: 3)
    head = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

    async def test() -> None:
        may_end = asyncio.Event()

        async def waits(scope: Scope, receive: Receive, send: Send) -> None:
            await may_end.wait()
            await reads_all(scope, receive, send)

        async with connected(waits) as (reader, writer), asyncio.timeout(LIMIT_S):
            writer.write(head)
            await writer.drain()
            port = writer.get_extra_info("peername")[1]
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
            for cut, _ in silent[:2]:
                assert await _rest(cut) == b""
            busy = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            for _, asking in busy:
                asking.write(head)
                await asking.drain()
            for cut, _ in silent[2:]:
                assert await _rest(cut) == b""
            one_more, refused = await asyncio.open_connection("127.0.0.1", port)
            assert await _rest(one_more) == b""  # all others are being answered
            may_end.set()
            for answered in (reader, *(each for each, _ in busy)):
                assert (await answered.readline()).startswith(b"HTTP/1.1 204 ")
            for each in (refused, *(asking for _, asking in [*silent, *busy])):
                each.close()

    asyncio.run(test())


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n", b"501 Not Implemented"),
        (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", b"501 Not Implemented"),
        (b"GET / SMTP/1.1\r\nHost: x\r\n\r\n", b"400 Bad Request"),
    ],
)
def test_a_method_that_nobody_knows_is_told_by_its_own_status(sent: bytes, status: bytes) -> None:
    assert said_until_cut(reads_all, sent).startswith(b"HTTP/1.1 " + status)
