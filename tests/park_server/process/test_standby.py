"""What a service answers while it stands by, and when it stops to."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.session.limits import LIMIT_S

from park_repo.sql.sole_writer import CONNECT_S, LOOKS_S, NOTICED_S
from park_server.jobs.engines.local import LocalEngineSettings
from park_server.process.leader_socket import bound
from park_server.process.listeners import Listeners
from park_server.process.standby import EVERY_S, LETS_GO_S, stand_by

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


def test_it_says_that_it_stands_by_once_it_could_take_over_at_once(tmp_path: Path) -> None:
    """Else whoever stops the leader then waits for what this one has still to ask."""

    async def test() -> None:
        asked, told = asyncio.get_running_loop().create_future(), asyncio.Event()
        listened = asyncio.create_task(hold_a_leader(tmp_path / "leader"))
        leader = await listened

        async def take() -> str | None:
            return "the home" if leader.sockets == () else None

        with listening() as listeners:
            folder = tmp_path / "leader"
            waiting = asyncio.create_task(
                stand_by(listeners, take, folder, prepared=[asked], on_prepared=told.set)
            )
            answer = await answered(listeners.url, "/ready")
            assert (answer.status_code, answer.json()["status"]) == (503, "standby")
            assert answer.json()["reasons"] == [
                "this service still asks its machine what it would have to know"
            ]
            assert not told.is_set()
            asked.set_exception(OSError("no Python here"))  # whoever needs it is told
            await told.wait()
            assert (await answered(listeners.url, "/ready")).status_code == 200
            leader.close()
            assert await waiting == "the home"

    asyncio.run(test())


async def hold_a_leader(folder: Path) -> asyncio.Server:
    """Listen where a leader does."""

    def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    return await asyncio.start_unix_server(close, sock=bound(folder))


def test_it_takes_over_also_before_that(tmp_path: Path) -> None:
    async def test() -> None:
        async def take() -> str:
            return "the home"

        never = asyncio.get_running_loop().create_future()
        with listening() as listeners:
            taken = stand_by(
                listeners, take, tmp_path, prepared=[never], on_prepared=lambda: pytest.fail("told")
            )
            assert await taken == "the home"

    asyncio.run(test())


def test_all_that_a_take_over_waits_for_is_less_than_five_seconds() -> None:
    """The rest of the five is for what it computes."""
    waits = {
        "until it looks at the lock of the home": EVERY_S,
        "until the server has noticed, where the process ended amid a statement": LOOKS_S,
        "for requests that are handed on": LETS_GO_S,
        "for fork servers that do not answer": LocalEngineSettings().hello_s,
    }
    assert sum(waits.values()) <= 3.5
    # in its place where the server is out of reach, or where the machine of the leader went
    assert sum(waits.values()) - LOOKS_S + max(CONNECT_S, NOTICED_S) <= 6.5


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
