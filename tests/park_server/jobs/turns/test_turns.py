"""Turns by the clock: written down now and then, where there is more than one user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.labs.databases import database_at
from support.labs.rows import add_job
from support.session.stopped_clock import StoppedClock

from park.model.ids import JobId
from park_repo.database import Database
from park_server.jobs.turns import turn_rows
from park_server.jobs.turns.fair_order import Account
from park_server.jobs.turns.turns import Turns
from park_server.quotas.disk_use import DiskUse
from park_server.quotas.limits import Allowance, Limits
from park_server.quotas.quotas import Quotas

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A, B = JobId("a"), JobId("b")


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(100.0)


@pytest.fixture
def turns(clock: StoppedClock) -> Turns:
    return Turns(clock=clock)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = database_at(tmp_path)
    yield opened
    opened.close()


def write(database: Database, account: Account | None) -> None:
    assert account is not None
    database.write(lambda c: turn_rows.write_all(c, {"ada": account})).result()


def test_of_one_user_alone_nothing_is_written(turns: Turns) -> None:
    turns.took("ada", A)
    assert turns.noted("ada") is None


def test_an_account_is_written_once_in_a_while(
    turns: Turns, clock: StoppedClock, database: Database
) -> None:
    turns.took("ada", A)
    turns.took("bob", B)
    write(database, turns.noted("ada"))
    assert turns.noted("ada") is None
    database.write(lambda c: add_job(c, "queued", "ada", [])).result()
    assert database.read(turn_rows.accounts)["ada"].turn == 1
    clock.now += 3
    turns.gave_back(A)
    write(database, turns.noted("ada"))
    assert database.read(turn_rows.accounts) == {"ada": Account(charged=3, turn=1, usual_s=3)}


def test_where_nothing_is_queued_nobody_owes_anything(turns: Turns, database: Database) -> None:
    turns.took("ada", A)
    turns.took("bob", B)
    write(database, turns.noted("ada"))
    assert database.read(turn_rows.accounts) == {}


def test_what_is_beside_shares_limits_and_not_the_turns(clock: StoppedClock) -> None:
    quotas = Quotas(
        lambda _: Allowance(own=Limits(cores=4)), DiskUse(lambda _: {}, clock), lambda: 0.0
    )
    turns = Turns(quotas, clock)
    other = turns.beside()
    other.lanes.add([("ada", B)])
    turns.took("ada", A, 4, in_turn=False)
    assert other.lanes.turn() is None
    assert not turns.may_start("ada")
    turns.gave_back(A)
    assert other.lanes.turn() == "ada"


def test_a_job_of_many_cores_is_charged_for_all(clock: StoppedClock, database: Database) -> None:
    turns = Turns(clock=clock)
    turns.took("ada", A, 8)
    turns.took("bob", B)
    clock.now += 3
    turns.gave_back(A)
    write(database, turns.noted("ada"))
    database.write(lambda c: add_job(c, "queued", "ada", [])).result()
    assert database.read(turn_rows.accounts)["ada"].charged == pytest.approx(24)
