"""Large workflows are found before anybody looks, and followed."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import DBAPIError
from support.labs.databases import database_at
from support.labs.rows import USER, new_job
from support.session.limits import LIMIT_S

from park.model.ids import JobId
from park.model.states import JobState
from park_server import events
from park_server.bus import Bus
from park_server.page.shapes import found_ahead, known_shapes, quotient, state_counts
from park_server.page.shapes.found_ahead import FoundAhead
from park_server.page.shapes.kept_shapes import KeptShapes
from park_server.page.shapes.known_shapes import WorkflowShapes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from park_repo.database import Database

LARGE = 4


def value(job: str) -> dict[str, str]:
    return {"$park": "reference", "job": job, "what": "value"}


class Shapes(WorkflowShapes):
    """Tells which were gone through."""

    def __init__(self, folder: Path) -> None:
        super().__init__(KeptShapes(folder / "shapes"))
        self.found: list[str] = []
        self.is_found = threading.Semaphore(0)

    def find(self, connection: Connection, user: str, job: JobId) -> Any:
        shape = super().find(connection, user, job)
        self.found.append(job)
        self.is_found.release()
        return shape


class Board:
    """A service's jobs, and what is known of their workflows."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.bus, self.shapes = database, Bus(), Shapes(folder)
        self.found, self.is_found = self.shapes.found, self.shapes.is_found
        self.ahead = FoundAhead(database, self.bus, self.shapes)

    async def submit(
        self,
        *names: str,
        after: Sequence[str] = (),
        user: str = USER,
        state: JobState = JobState.WAITING,
    ) -> None:
        """Submit jobs that each need all of ``after``."""

        def change(connection: Connection) -> None:
            for name in names:
                new_job(connection, name, *map(value, after), user=user, state=state)

        await self.database.awrite(change)
        for name in names:
            self.bus.publish(name)

    async def happen(self, *names: str) -> None:
        """Have something become of jobs."""

        def change(connection: Connection) -> None:
            for name in names:
                events.append(connection, subject="job", id=name, type="queued", user=USER)

        await self.database.awrite(change)

    def knows(self, job: str, user: str = USER) -> bool:
        return self.database.read(lambda c: self.shapes.is_current(c, user, JobId(job)))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_shapes, "LARGE", LARGE)


@asynccontextmanager
async def board_at(folder: Path) -> AsyncIterator[Board]:
    database = database_at(folder)
    try:
        async with asyncio.timeout(LIMIT_S):
            yield Board(database, folder)
    finally:
        database.close()


def test_it_is_found_once_it_is_large_and_followed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            await board.submit("a")
            await board.submit("b", "c", after=["a"])
            board.ahead.look()
            assert board.found == []
            await board.submit("d", "e", after=["a"])
            board.ahead.look()
            assert board.found == ["b"]
            await board.submit("f", after=["b"])
            await board.submit("alone")
            board.ahead.look()
            assert board.found == ["b"]  # what came was taken in
            assert all(board.knows(job) for job in "abcdef")
            assert not board.knows("alone")

    asyncio.run(scenario())


def test_two_that_become_one_are_found_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            await board.submit("a", "z")
            await board.submit("b", "c", "d", "e", after=["a"])
            board.ahead.look()
            await board.submit("f", after=["b", "z"])
            board.ahead.look()
            assert len(board.found) == 2
            assert all(board.knows(job) for job in "afz")

    asyncio.run(scenario())


def test_many_small_ones_are_let_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            await board.submit("a", "b", "c")
            for name in "abc":
                await board.submit(f"{name}1", f"{name}2", after=[name])
            board.ahead.look()
            assert board.found == []
            assert not any(board.knows(job) for job in "abc")

    asyncio.run(scenario())


def test_many_needs_of_few_jobs_are_no_reason_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look in vain puts off those that are not, by fifty times as long as it takes."""
    looked_at: list[str] = []

    def size_of(connection: Connection, job: JobId, most: int) -> int:
        looked_at.append(job)
        return quotient.size_of(connection, job, most)

    monkeypatch.setattr(found_ahead, "size_of", size_of)

    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            await board.submit("a", "b", "c")
            await board.submit("d", "e", "f", after=["a", "b", "c"])
            board.ahead.look()
            assert looked_at == []
            await board.submit("g", after=["a", "b", "c"])
            board.ahead.look()
            assert board.found == looked_at[:1] == ["d"]

    asyncio.run(scenario())


def test_one_that_came_alone_hides_no_workflow_and_each_user_has_his(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            for user in ("ada", "bob"):
                await board.submit(f"{user}a", user=user)
                names = [f"{user}{letter}" for letter in "bcde"]
                await board.submit(*names, after=[f"{user}a"], user=user)
                await board.submit(f"{user}y", user=user)
                await board.submit(f"{user}z", after=[f"{user}y"], user=user)
            board.ahead.look()
            assert board.knows("adaa", "ada")
            assert board.knows("boba", "bob")
            assert not board.knows("adaz", "ada")

    asyncio.run(scenario())


def test_what_becomes_of_it_is_followed_before_it_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_shapes, "BEHIND", 3)
    monkeypatch.setattr(state_counts, "_FEWEST", 8)

    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            await board.submit("a")
            await board.submit("b", "c", "d", "e", after=["a"])
            board.ahead.look()
            for _ in range(4):
                await board.happen("a", "b", "c", "d")
                board.ahead.look()
            assert board.knows("a")
            assert board.found == ["b"]

    asyncio.run(scenario())


def test_it_looks_by_itself_and_at_what_was_there_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_ahead, "PAUSE_S", 0.0)

    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            await board.submit("a")
            await board.submit("b", "c", "d", "e", after=["a"])
            board.ahead.start()
            await asyncio.to_thread(board.is_found.acquire, timeout=LIMIT_S)
            assert board.knows("e")
            await board.submit("v")
            await board.submit("w", "x", "y", "z", after=["v"])
            await asyncio.to_thread(board.is_found.acquire, timeout=LIMIT_S)
            assert board.knows("z")
            await board.ahead.stop()

    asyncio.run(scenario())


def test_what_was_found_is_kept_with_what_people_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_shapes, "_MOST_JOBS", 5)  # one of them

    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            for name in "ab":
                await board.submit(name)
                await board.submit(*(f"{name}{at}" for at in range(LARGE)), after=[name])
                board.ahead.look()
            assert not board.knows("a")
            assert board.knows("b")

    asyncio.run(scenario())


def test_one_of_which_none_waits_is_found_by_what_it_needs(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            sweep = [f"a{at}" for at in range(LARGE)]
            await board.submit(*sweep, state=JobState.COMPLETED)
            board.ahead.look()
            assert board.found == []
            await board.submit("mean", after=sweep, state=JobState.QUEUED)
            board.ahead.look()
            assert board.found == ["mean"]
            assert all(board.knows(job) for job in sweep)

    asyncio.run(scenario())


def test_one_that_was_found_before_a_start_is_followed_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_shapes, "BEHIND", 3)
    monkeypatch.setattr(found_ahead, "_BEFORE", 0)
    monkeypatch.setattr(state_counts, "_FEWEST", 8)

    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            await board.submit("a")
            await board.submit("b", "c", "d", "e", after=["a"])
            board.ahead.look()
            again = Board(board.database, tmp_path)
            await again.happen("a", "b", "c", "d")
            again.ahead.look()
            for _ in range(4):
                await again.happen("a", "b", "c", "d")
                again.ahead.look()
            assert again.knows("a")
            assert again.found == []

    asyncio.run(scenario())


def test_what_is_known_at_a_stop_is_what_the_next_process_knows(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            await board.submit("a")
            await board.submit("b", "c", "d", "e", after=["a"])
            board.ahead.look()
            await board.submit("f", after=["b"])
            assert board.knows("a")
            await board.ahead.stop()
            (file,) = (tmp_path / "shapes").iterdir()
            kept = json.loads(file.read_text())
            assert sorted(id_ for group in kept["groups"] for id_ in group[3].split(",")) == [
                *"abcdef"
            ]
            assert kept["newest"] == board.database.read(state_counts.newest_event)

    asyncio.run(scenario())


def test_one_that_grows_is_kept_again_before_much_of_it_would_have_to_be_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_shapes, "BEHIND", 3)

    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            await board.submit("a")
            await board.submit("b", "c", "d", "e", after=["a"])
            board.ahead.look()
            for name in "fghijk":
                await board.submit(name, after=["a"])
                board.ahead.look()
                board.ahead.look()  # it is kept before what comes is taken in
                (file,) = (tmp_path / "shapes").iterdir()
                kept = json.loads(file.read_text())
                jobs = [id_ for group in kept["groups"] for id_ in group[3].split(",")]
                assert ord(name) - ord("a") + 1 - len(jobs) < 3

    asyncio.run(scenario())


def test_a_stop_without_a_database_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(Exception):
        sqlstate = "57P01"

    def keep_all(_: object) -> None:
        raise DBAPIError("select", {}, Gone())

    async def scenario() -> None:
        async with board_at(tmp_path) as board:
            monkeypatch.setattr(board.shapes, "keep_all", keep_all)
            await board.ahead.stop()
            monkeypatch.setattr(Gone, "sqlstate", "42601")
            with pytest.raises(DBAPIError):
                await board.ahead.stop()

    asyncio.run(scenario())
