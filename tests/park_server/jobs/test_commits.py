"""What follows a change is done when it is committed, and not where it failed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, func, select
from support.labs.databases import database_at
from support.labs.rows import add_job

from park_repo.database import Database
from park_server.db.tables import jobs
from park_server.disk import Disk
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.effects import Effects

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return database_at(tmp_path)


def count(database: Database) -> int:
    return database.read(lambda c: c.execute(select(func.count(jobs.c.id))).scalar_one())


def test_effects_are_published_once_their_change_is_committed(database: Database) -> None:
    commits = Commits(database, Disk())
    seen: list[tuple[Effects, int]] = []
    commits.subscribe(lambda effects: seen.append((effects, count(database))))
    effects = Effects()

    def change(connection: Connection) -> Effects:
        add_job(connection, "a", "ada", [])
        return effects

    asyncio.run(commits.settle(change))

    assert seen == [(effects, 1)]


def test_nothing_follows_a_change_that_failed(database: Database) -> None:
    commits = Commits(database, Disk())
    seen: list[Effects] = []
    commits.subscribe(seen.append)

    def change(connection: Connection) -> Effects:
        add_job(connection, "a", "ada", [])
        raise ValueError("no such transition")

    with pytest.raises(ValueError, match="no such transition"):
        asyncio.run(commits.settle(change))

    assert (seen, count(database)) == ([], 0)
