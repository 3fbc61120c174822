"""What is asked of a service that stands by is answered by the one that leads, as it was asked."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import uvicorn
from support.session.limits import LIMIT_S

from park_server.process import leader_socket
from park_server.process.forwarding import Forwarding
from park_server.process.handed_on import HandedOn
from park_server.process.silence import PatientProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

LIMITS: dict[str, Any] = {"trust_env": False, "timeout": LIMIT_S}


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what was asked, in two pieces."""
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            break
    found = {
        "method": scope["method"],
        "target": scope["raw_path"].decode() + "?" + scope["query_string"].decode(),
        "scheme": scope["scheme"],
        "client": scope["client"],
        "server": scope["server"],
        "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
        "body": body.decode(),
    }
    text = json.dumps(found).encode()
    headers = [(b"x-own", b"a"), (b"x-own", b"b"), (b"content-encoding", b"identity")]
    await send({"type": "http.response.start", "status": 207, "headers": headers})
    await send({"type": "http.response.body", "body": text[:9], "more_body": True})
    await send({"type": "http.response.body", "body": text[9:]})


async def unled(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 503, "headers": []})
    await send({"type": "http.response.body"})


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app, http=PatientProtocol, lifespan="off", log_config=None, timeout_graceful_shutdown=0
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def standby(folder: Path) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as outer:
        url = f"http://127.0.0.1:{outer.getsockname()[1]}"
        async with serving(Forwarding(folder, unled), outer):
            yield url


@asynccontextmanager
async def led(folder: Path, app: ASGIApp = told) -> AsyncIterator[str]:
    """Have a leader that serves ``app`` and one that stands by; yield the URL of the latter."""
    async with serving(HandedOn(app), leader_socket.bound(folder)), standby(folder) as url:
        yield url


def test_a_request_arrives_as_it_was_asked(tmp_path: Path) -> None:
    async def test() -> None:
        # longer than a socket's path may be
        folder = tmp_path / ("deep" * 30)
        async with led(folder) as url, httpx2.AsyncClient(**LIMITS) as client:
            content = "x" * 300_000
            lies = {"X-Park-Came": '["https", ["10.0.0.1", 1], null]', "Host": "lab.example"}
            answer = await client.post(f"{url}/a%2Fb?c=d&c=e", content=content, headers=lies)
            assert answer.status_code == 207
            assert answer.headers.get_list("x-own") == ["a", "b"]
            found = answer.json()
            assert (found["method"], found["target"]) == ("POST", "/a%2Fb?c=d&c=e")
            assert found["body"] == content
            assert found["scheme"] == "http"
            assert found["client"][0] == "127.0.0.1"
            assert found["server"] == ["127.0.0.1", int(url.rpartition(":")[2])]
            names = [name for name, _ in found["headers"]]
            assert "x-park-came" not in names
            assert ["host", "lab.example"] in found["headers"]
            assert names.count("content-length") == 1

    asyncio.run(test())


def test_a_body_of_unknown_length_and_none_arrive(tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    async def test() -> None:
        async with led(tmp_path / "leader") as url, httpx2.AsyncClient(**LIMITS) as client:
            assert (await client.put(url, content=pieces())).json()["body"] == "one two"
            assert (await client.get(url)).json()["body"] == ""
            assert (await client.head(url)).status_code == 207

    asyncio.run(test())


def test_without_a_leader_it_is_answered_otherwise(tmp_path: Path) -> None:
    async def test() -> None:
        folder = tmp_path / "leader"
        async with standby(folder) as url, httpx2.AsyncClient(**LIMITS) as client:
            assert (await client.get(url)).status_code == 503  # there was none
            leader_socket.bound(folder).close()
            assert (await client.post(url, content="x")).status_code == 503  # it has died
            assert not await Forwarding(folder, unled).is_led()
            async with serving(HandedOn(told), leader_socket.bound(folder)):
                assert (await client.get(url)).status_code == 207
                assert await Forwarding(folder, unled).is_led()

    asyncio.run(test())


def test_a_leader_that_dies_while_it_answers_is_told(tmp_path: Path) -> None:
    async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /half"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            await writer.drain()
        writer.close()

    async def test() -> None:
        folder = tmp_path / "leader"
        dead = await asyncio.start_unix_server(dying, sock=leader_socket.bound(folder))
        async with dead, standby(folder) as url, httpx2.AsyncClient(**LIMITS) as client:
            assert (await client.get(f"{url}/none")).status_code == 503
            try:
                await client.get(f"{url}/half")
            except httpx2.RemoteProtocolError:
                pass
            else:
                raise AssertionError("half an answer was taken for a whole one")

    asyncio.run(test())


def test_a_client_that_leaves_is_waited_for_no_longer(tmp_path: Path) -> None:
    async def test() -> None:
        asked, left = asyncio.Event(), asyncio.Event()

        async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
            del scope, send
            asked.set()
            while (await receive())["type"] != "http.disconnect":
                pass
            left.set()

        async with led(tmp_path / "leader", waiting) as url, httpx2.AsyncClient(**LIMITS) as client:
            polling = asyncio.create_task(client.get(url))
            await asyncio.wait_for(asked.wait(), LIMIT_S)
            polling.cancel()
            await asyncio.wait_for(left.wait(), LIMIT_S)

    asyncio.run(test())
