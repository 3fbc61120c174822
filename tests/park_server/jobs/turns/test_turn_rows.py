"""Accounts of users as a restart finds them, and whose a job is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.labs.databases import database_at
from support.labs.rows import add_job

from park.model.ids import JobId
from park_repo.database import Database
from park_server.jobs.turns import turn_rows
from park_server.jobs.turns.fair_order import Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A, B = JobId("a"), JobId("b")
ACCOUNT = Account(charged=2.5, turn=3, usual_s=0.5)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = database_at(tmp_path)
    yield opened
    opened.close()


def test_the_newest_account_is_found_where_jobs_are_queued(database: Database) -> None:
    database.write(lambda c: turn_rows.write_all(c, {})).result()
    before = {"ada": Account(), "bob": Account(turn=7)}
    database.write(lambda c: turn_rows.write_all(c, before)).result()
    database.write(lambda c: turn_rows.write_all(c, {"ada": ACCOUNT})).result()
    assert database.read(turn_rows.accounts) == {}
    database.write(lambda c: add_job(c, "a", "ada", [])).result()
    assert database.read(turn_rows.accounts) == {"ada": ACCOUNT, "bob": Account(turn=7)}


def test_jobs_are_found_with_their_users(database: Database) -> None:
    database.write(lambda c: add_job(c, "a", "ada", [])).result()
    known = {B: "bob"}
    found = turn_rows.with_users(database, [B, JobId("gone"), A], known)
    assert found == [("bob", B), ("ada", A)]
