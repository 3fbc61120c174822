"""What a service answers while it stands by, and when it stops to."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.session.limits import LIMIT_S

from park_server.process.listeners import Listeners
from park_server.process.standby import stand_by

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def listening() -> Iterator[Listeners]:
    with socket.create_server(("127.0.0.1", 0)) as outer:
        yield Listeners(url=f"http://127.0.0.1:{outer.getsockname()[1]}", outer=outer)


async def answered(url: str, path: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        return await client.get(f"{url}{path}")


def test_it_answers_until_what_it_waits_for_is_its_own(tmp_path: Path) -> None:
    async def test() -> None:
        asked = asyncio.Event()

        async def take() -> str | None:
            return "the home" if asked.is_set() else None

        with listening() as listeners:
            waiting = asyncio.create_task(stand_by(listeners, take, tmp_path))
            for path, status in (("/health", 200), ("/ready", 503), ("/api/v1/jobs", 503)):
                assert (await answered(listeners.url, path)).status_code == status
            assert not waiting.done()
            asked.set()
            assert await waiting == "the home"

    asyncio.run(test())


def test_who_connects_in_between_is_answered_by_the_next(tmp_path: Path) -> None:
    async def test() -> None:
        async def take() -> str:
            return "the home"

        async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
            writer.close()

        with listening() as listeners:
            await stand_by(listeners, take, tmp_path)
            asking = asyncio.create_task(answered(listeners.url, "/"))
            after = await asyncio.start_server(hello, sock=listeners.outer)
            async with after:
                assert (await asking).status_code == 204

    asyncio.run(test())


def test_what_cannot_be_taken_is_told(tmp_path: Path) -> None:
    async def test() -> None:
        async def take() -> None:
            raise OSError("no locks here")

        with listening() as listeners, pytest.raises(OSError, match="no locks here"):
            await stand_by(listeners, take, tmp_path)

    asyncio.run(test())
