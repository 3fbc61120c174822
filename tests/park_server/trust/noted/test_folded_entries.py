"""What was counted of a flood is written down while it goes on, and before the service ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.labs.databases import database_at

from park_repo.database import Change, Database
from park_server.trust import audit
from park_server.trust.audit import Actor
from park_server.trust.noted.failed_logins import FailedLogins
from park_server.trust.noted.folded_entries import FoldedEntries

ONE_BY_ONE = 200


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path)
    yield database
    database.close()


def flooded(failed: FailedLogins, times: int) -> None:
    for _ in range(times):
        failed.entries(Actor(user="ada", address="192.0.2.1"), "ada")


def counted(database: Database) -> list[int]:
    """Return what each entry of several tells, the oldest first."""
    found = database.read(lambda c: audit.listing(c, limit=1_000))
    return [entry.data["others"] for entry in reversed(found) if entry.subject == "many"]


class Minutes:
    """Pauses that a test lets pass."""

    def __init__(self) -> None:
        self.begun, self.over = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def pause(self, _seconds: float) -> None:
        self.begun.release()
        await self.over.acquire()

    async def passes(self) -> None:
        """Let a minute pass, and what comes after it be done."""
        self.over.release()
        await self.begun.acquire()


def test_what_was_counted_is_written_each_minute_and_at_the_end(database: Database) -> None:
    async def test() -> None:
        failed, minutes = FailedLogins(lambda: 0.0), Minutes()
        entries = FoldedEntries(database, failed, minutes.pause)
        entries.start()
        await minutes.begun.acquire()
        flooded(failed, ONE_BY_ONE + 7)
        await minutes.passes()
        assert counted(database) == [7]
        await minutes.passes()  # nothing happened in it
        flooded(failed, 3)
        await entries.stop()

    asyncio.run(test())
    assert counted(database) == [7, 3]


def test_what_could_not_be_written_is_counted_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = database.awrite
    failures = 1

    async def full(change: Change[Any]) -> Any:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError(28, "No space left on device")
        return await written(change)

    async def test() -> None:
        failed, minutes = FailedLogins(lambda: 0.0), Minutes()
        entries = FoldedEntries(database, failed, minutes.pause)
        monkeypatch.setattr(database, "awrite", full)
        entries.start()
        await minutes.begun.acquire()
        flooded(failed, ONE_BY_ONE + 7)
        await minutes.passes()
        assert counted(database) == []
        await minutes.passes()
        await entries.stop()

    asyncio.run(test())
    assert counted(database) == [7]
