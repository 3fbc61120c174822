"""Conditions of before a start: nobody waits for them to be read, and nothing is lost meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from support.labs.schedule_lab import USER, Lab, lab, run
from support.session.limits import LIMIT_S

from park.model.conditions import At, Expression, JobIs, Phase, Pool, all_of, any_of
from park.model.ids import JobId
from park_server.jobs.conditions import need_rows
from park_server.jobs.resumption import unread_conditions
from park_server.jobs.resumption.unread_conditions import UnreadConditions

LONG_AGO = At(moment=datetime(2020, 1, 1, tzinfo=UTC))
GPU = Pool(name="gpu", count=1)


def any_end(job: str) -> Expression:
    """Return a condition that is no plain conjunction: ``job`` has failed, or completed."""
    return any_of([JobIs(job=job, phase=phase) for phase in (Phase.FAILED, Phase.COMPLETED)])


def fails(job: str) -> Expression:
    return any_of([JobIs(job=job, phase=Phase.FAILED), JobIs(job=job, phase=Phase.CANCELLED)])


@asynccontextmanager
async def before_reading(
    root: Path, monkeypatch: pytest.MonkeyPatch, **facts: Any
) -> AsyncIterator[tuple[Lab, asyncio.Event]]:
    """Start again on ``root``; what waits is read once the event is set."""
    may_read = asyncio.Event()
    read = UnreadConditions._read

    async def held(self: UnreadConditions, unread: Any) -> None:
        await may_read.wait()
        await read(self, unread)

    monkeypatch.setattr(UnreadConditions, "_read", held)
    async with lab(root, **facts) as here:
        yield here, may_read


def test_what_ends_before_its_condition_is_read_is_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=0) as before:
            await before.submit("first")
            await before.submit("starts", when=any_end("first"))
            await before.submit("never", when=fails("first"))
            await before.submit("both", when=all_of([any_end("first"), any_end("starts")]))
            await before.submit("unwanted", when=any_end("starts"))
            await before.submit("follows", when=fails("unwanted"))
        async with before_reading(tmp_path, monkeypatch, slots=1) as (here, may_read):
            assert await here.run_next() == "first"
            assert (await here.final("never")).status == "cancelled"
            assert (await here.scheduler.cancel(JobId("unwanted"), USER)).status == "cancelled"
            assert {await here.run_next(), await here.run_next(), await here.run_next()} == {
                "starts",
                "follows",
                "both",
            }
            states = here.status("first", "starts", "never", "both", "unwanted", "follows")
            may_read.set()
            await here.unread.finished()
            assert here.engine.orders.empty()
            assert states == here.status("first", "starts", "never", "both", "unwanted", "follows")

    run(test)


def test_what_nobody_tells_of_starts_once_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=0) as before:
            await before.submit("first")
            await before.submit("moment", when=any_of([fails("first"), LONG_AGO]))
            await before.database.awrite(
                lambda c: c.execute(text("UPDATE jobs SET status = 'waiting' WHERE id = 'moment'"))
            )
        async with before_reading(tmp_path, monkeypatch, slots=2) as (here, may_read):
            assert (await here.started()).job_id == "first"
            assert here.status("moment") == ["waiting"]
            may_read.set()
            assert (await here.started()).job_id == "moment"

    run(test)


def test_units_are_given_out_in_the_order_of_all_who_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=4, pools={"gpu": 1}) as before:
            await before.submit("first")
            await before.submit("holds", when=GPU)
            await before.submit("x-earlier", when=GPU)
            await before.submit("later", when=all_of([any_end("first"), GPU]))
            started = {(await before.started()).job_id, (await before.started()).job_id}
            assert started == {"first", "holds"}
        async with before_reading(tmp_path, monkeypatch, slots=4, pools={"gpu": 1}) as given:
            here, may_read = given
            orders = {each.job_id: each for each in [await here.started(), await here.started()]}
            here.complete(orders[JobId("holds")])  # its unit is free
            here.complete(orders[JobId("first")])  # the condition of `later` is true, and looked at
            await here.final("first")
            await here.final("holds")
            await here.submit("a-new", when=GPU)
            assert here.status("x-earlier", "later", "a-new") == ["waiting"] * 3
            may_read.set()
            assert [await here.run_next() for _ in range(3)] == ["x-earlier", "later", "a-new"]

    run(test)


def test_a_condition_that_cannot_be_read_ends_its_job_alone(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=0) as before:
            await before.submit("first")
            await before.submit("bad", when=any_end("first"))
            await before.submit("good", when=any_end("first"))
            document = json.dumps({"version": 1, "condition": {"any": "thing"}})
            change = text("UPDATE jobs SET condition = :document WHERE id = 'bad'")
            await before.database.awrite(lambda c: c.execute(change, {"document": document}))
        async with lab(tmp_path) as here:
            bad = await here.final("bad")
            assert bad.status == "cancelled"
            assert "its condition cannot be settled" in str(bad.error)
            assert [await here.run_next(), await here.run_next()] == ["first", "good"]

    run(test)


def test_a_piece_that_raises_is_read_job_by_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        names = [f"waits-{number}" for number in range(5)]
        async with lab(tmp_path, slots=0) as before:
            await before.submit("first")
            for name in names:
                await before.submit(name, when=any_end("first"))
        waiting_among = need_rows.waiting_among

        def broken(connection: Connection, ids: Any) -> Any:
            if "waits-3" in ids:
                raise ValueError("no such piece")
            return waiting_among(connection, ids)

        monkeypatch.setattr(need_rows, "waiting_among", broken)
        async with lab(tmp_path) as here:
            broken_one = await here.final("waits-3")
            assert broken_one.error == "the service failed: ValueError: no such piece"
            done = {await here.run_next() for _ in range(5)}
            assert done == {"first", *names} - {"waits-3"}

    run(test)


def test_a_database_that_fails_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=0, pools={"gpu": 1}) as before:
            await before.submit("first", when=any_of([GPU, GPU]))
            await before.database.awrite(
                lambda c: c.execute(text("UPDATE jobs SET status='waiting', pools=NULL"))
            )
        failing = [OperationalError("SELECT", {}, Exception("locked"))] * 2
        waiting_among = need_rows.waiting_among

        def locked(connection: Connection, ids: Any) -> Any:
            if failing:
                raise failing.pop()
            return waiting_among(connection, ids)

        monkeypatch.setattr(need_rows, "waiting_among", locked)
        monkeypatch.setattr(unread_conditions, "_AGAIN_S", 0.0)
        async with lab(tmp_path, pools={"gpu": 1}) as here:
            assert await here.run_next() == "first"
            assert not failing

    run(test)


def test_a_look_that_is_undone_is_made_anew(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, pools={"gpu": 1}) as here:
            await here.submit("holds", when=GPU)
            order = await here.started()
            await here.submit("waits", when=GPU)

            def undone(connection: Connection) -> None:
                here.settlement.resume(connection)
                raise ValueError("undone")

            with pytest.raises(ValueError, match="undone"):
                await here.database.awrite(undone)
            here.complete(order)
            assert (await asyncio.wait_for(here.started(), LIMIT_S)).job_id == "waits"

    run(test)


def test_a_piece_has_conditions_of_few_characters_together(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=0) as here:
            await here.submit("first")
            names = [JobId(f"waits-{number}") for number in range(4)]
            for name in names:
                await here.submit(name, when=any_end("first"))
            query = "SELECT length(condition) FROM jobs WHERE id = 'waits-0'"
            one = here.database.read(lambda c: int(c.execute(text(query)).scalar_one()))

            def some(characters: int) -> int:
                return len(here.database.read(lambda c: need_rows.few_enough(c, names, characters)))

            assert [some(each) for each in (0, one, 3 * one, 100 * one)] == [1, 1, 3, 4]

    run(test)
