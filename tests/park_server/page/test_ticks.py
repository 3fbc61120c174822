"""What is new is looked up once for all windows, and told to those whom it concerns."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
from support.labs.databases import database_at
from support.session.limits import LIMIT_S

from park_server import events
from park_server.bus import HEARD, Bus
from park_server.page import ticks
from park_server.page.ticks import Ticks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from park_repo.database import Database

    Window = AsyncGenerator[int | None, None]


class Board:
    """A log of events, and who looks at it."""

    def __init__(self, database: Database) -> None:
        self.database, self.bus = database, Bus()
        self.ticks = Ticks(database, self.bus)

    async def happen(self, *users: str) -> int:
        """Write an event of each user; return the number of the last one."""
        for user in users:
            await self.database.awrite(partial(_noted, user=user))
        self.bus.publish("a")
        return self.ticks.newest()


def _noted(connection: Connection, user: str) -> None:
    events.append(connection, subject="job", id="a", type="queued", user=user)


def look(folder: Path, scenario: Callable[[Board], Awaitable[None]]) -> None:
    async def run() -> None:
        database = database_at(folder)
        try:
            async with asyncio.timeout(LIMIT_S):
                await scenario(Board(database))
        finally:
            database.close()

    asyncio.run(run())


@asynccontextmanager
async def windows(board: Board, users: Sequence[str]) -> AsyncIterator[list[Window]]:
    """Open a window of each user, which has seen all there is."""
    opened = [board.ticks.of(user, board.ticks.newest()) for user in users]
    try:
        yield opened
    finally:
        for each in opened:
            await each.aclose()


async def settle() -> None:
    """Let the windows wait, and who looks for them."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again as soon as there is something to see."""
    monkeypatch.setattr(ticks, "PAUSE_S", 0.0)
    monkeypatch.setattr(ticks, "EACH_S", 0.0)


def test_a_window_is_told_of_what_is_its_users(tmp_path: Path) -> None:
    async def scenario(board: Board) -> None:
        async with windows(board, ["ada", "bob"]) as (ada, bob):
            first = asyncio.ensure_future(anext(ada))
            other = asyncio.ensure_future(anext(bob))
            await settle()
            newest = await board.happen("ada")
            assert await first == newest
            assert not other.done()
            assert await board.happen("ada", "bob") == await other

    look(tmp_path, scenario)


def test_what_came_before_a_window_waited_is_told_at_once(tmp_path: Path) -> None:
    async def scenario(board: Board) -> None:
        seen = await board.happen("ada")
        newest = await board.happen("ada")
        window = board.ticks.of("ada", seen)
        assert await anext(window) == newest
        await window.aclose()

    look(tmp_path, scenario)


def test_many_windows_ask_the_log_as_often_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(board: Board) -> None:
        async with windows(board, ["ada"] * 10) as opened:
            told = [asyncio.ensure_future(anext(each)) for each in opened]
            await settle()
            asked, read = 0, board.database.read

            def counted(query: Callable[..., object]) -> object:
                nonlocal asked
                asked += 1
                return read(query)

            monkeypatch.setattr(board.database, "read", counted)
            await board.happen("ada")
            await asyncio.gather(*told)
            assert asked <= 4

    look(tmp_path, scenario)


def test_what_another_service_said_is_told_without_an_event(tmp_path: Path) -> None:
    async def scenario(board: Board) -> None:
        seen = await board.happen("ada")
        async with windows(board, ["ada"]) as (window,):
            told = asyncio.ensure_future(anext(window))
            await settle()
            board.bus.publish(HEARD)
            assert await told == seen

    look(tmp_path, scenario)


def test_a_quiet_while_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "QUIET_S", 0.01)

    async def scenario(board: Board) -> None:
        async with windows(board, ["ada"]) as (window,):
            assert await anext(window) is None
            assert await anext(window) is None

    look(tmp_path, scenario)


def test_a_stop_of_the_service_ends_it(tmp_path: Path) -> None:
    async def scenario(board: Board) -> None:
        async with windows(board, ["ada", "bob"]) as opened:
            told = [asyncio.ensure_future(anext(each, "over")) for each in opened]
            await settle()
            board.bus.wake_all()
            assert await asyncio.gather(*told) == ["over", "over"]

    look(tmp_path, scenario)


def test_a_log_that_cannot_be_read_ends_it_and_who_comes_again_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> int:
        raise OSError("the disk is gone")

    async def scenario(board: Board) -> None:
        async with windows(board, ["ada"]) as (window,):
            told = asyncio.ensure_future(anext(window, "over"))
            await settle()
            with monkeypatch.context() as broken:
                broken.setattr(ticks, "newest_event", fail)
                board.bus.publish("a")
                assert await told == "over"
        async with windows(board, ["ada"]) as (window,):
            told = asyncio.ensure_future(anext(window, "over"))
            await settle()
            assert await board.happen("ada") == await told

    look(tmp_path, scenario)
