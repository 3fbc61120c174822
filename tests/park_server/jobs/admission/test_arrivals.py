"""Large submissions: nobody waits for them, and a crash leaves nothing half accepted."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Table, delete, func, select
from support.labs.schedule_lab import USER, Lab, lab, run, value_of
from support.session.limits import LIMIT_S

from park.errors import NotPermitted, ServiceFault, UnknownItem
from park.model.ids import JobId
from park.model.states import JobState
from park_server.db.tables import arriving, installs, jobs
from park_server.jobs import job_rows
from park_server.jobs.admission import arriving_rows
from park_server.jobs.admission.pieces import MOST_JOBS
from park_server.jobs.memo.outside_looks import Looks
from park_server.jobs.memo.recall import Recall
from park_server.quotas.disk_use import DiskUse
from park_server.quotas.limits import Allowance, Limits
from park_server.quotas.quotas import Quotas

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from park.wire import JobRequest

MANY = 3 * MOST_JOBS


def many(here: Lab, count: int = MANY) -> list[JobRequest]:
    return [here.request(f"many{n:05}") for n in range(count)]


def rows(here: Lab) -> tuple[int, int]:
    """Return how many jobs there are, and how many pieces are on their way."""

    def count(table: Table) -> int:
        query = select(func.count()).select_from(table)
        return here.database.read(lambda c: int(c.execute(query).scalar_one()))

    return count(jobs), count(arriving)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not is_so():  # noqa: ASYNC110 (rows in a database tell nobody)
            await asyncio.sleep(0)


def cut_off(monkeypatch: pytest.MonkeyPatch, name: str, after: int) -> None:
    """Have the database close for everybody when ``name`` was called ``after`` times."""
    really, calls = getattr(arriving_rows, name), iter(range(after))

    def call(*args: Any, **named: Any) -> Any:
        if next(calls, None) is None:
            raise ServiceFault("the database is closed; nothing more can be written")
        return really(*args, **named)

    monkeypatch.setattr(arriving_rows, name, call)


def test_anothers_job_is_accepted_while_a_large_submission_is_written(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            large = asyncio.create_task(here.scheduler.submit("ada", many(here)))
            await until(lambda: rows(here) != (0, 0))
            await here.submit("small", user="bob")
            assert not large.done()
            records = await large
            assert [record.id for record in records] == [each.id for each in many(here)]
            assert rows(here) == (MANY + 1, 0)

    run(test)


def test_many_large_submissions_stand_before_anothers_job_with_one_piece(tmp_path: Path) -> None:
    """Their pieces are not all handed to the writer at once: he takes what came first, first."""

    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            may_write = Event()
            begun = here.database.write(lambda _: may_write.wait(LIMIT_S))
            large = [
                asyncio.create_task(
                    here.scheduler.submit(
                        "ada", [here.request(f"of{n}-{m:05}") for m in range(MANY)]
                    )
                )
                for n in range(8)
            ]
            await asyncio.sleep(0)
            await asyncio.to_thread(lambda: None)
            small = asyncio.create_task(here.submit("small", user="bob"))
            may_write.set()
            await small
            assert rows(here)[1] <= 2 * MANY // MOST_JOBS  # of eight, one turn each before
            assert begun.result()
            for records in await asyncio.gather(*large):
                assert len(records) == MANY

    run(test)


def test_each_runs_once_and_in_its_order(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.scheduler.submit(USER, many(here))
            for n in range(3):
                order = await here.started()
                assert order.job_id == f"many{n:05}"
                here.complete(order)

    run(test)


def test_what_needs_another_is_settled_across_pieces(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            needing = here.request("needing", value_of("many00000"), value_of("many00599"))
            records = await here.scheduler.submit(USER, [needing, *many(here)])
            assert records[0].id == "needing"
            assert records[0].status is JobState.WAITING
            assert {record.status for record in records[1:]} == {JobState.QUEUED}

    run(test)


def test_a_refusal_leaves_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            with pytest.raises(UnknownItem, match="no job nowhere"):
                await here.scheduler.submit(
                    USER, [*many(here), here.request("last", value_of("nowhere"))]
                )
            assert rows(here) == (0, 0)
            assert here.engine.orders.empty()

    run(test)


def test_sent_again_it_is_answered_with_the_jobs_that_are_there(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            first, second = await asyncio.gather(
                here.scheduler.submit(USER, many(here)), here.scheduler.submit(USER, many(here))
            )
            assert [each.id for each in first] == [each.id for each in second]
            assert rows(here) == (MANY, 0)

    run(test)


def test_cut_off_before_its_last_piece_it_never_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            with monkeypatch.context() as patch:
                cut_off(patch, "add", after=6)
                cut_off(patch, "forget", after=0)  # as if killed: nobody tidies up
                with pytest.raises(ServiceFault):
                    await here.scheduler.submit(USER, many(here, 7 * MOST_JOBS))
            assert rows(here) == (0, 5)  # which were written down together
        async with lab(tmp_path, slots=1) as again:
            assert rows(again) == (0, 0)

    run(test)


def test_cut_off_behind_its_last_piece_it_becomes_jobs_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            with monkeypatch.context() as patch:
                cut_off(patch, "remove", after=1)
                with pytest.raises(ServiceFault):
                    await here.scheduler.submit(USER, many(here))
        bounded = Allowance(own=Limits(waiting=2 * MANY))
        quotas = Quotas(lambda _: bounded, DiskUse(lambda _: {}, lambda: 0.0), lambda: 0.0)
        async with lab(tmp_path, slots=1, quotas=quotas) as again:
            await until(lambda: rows(again) == (MANY, 0))
            assert (await again.started()).job_id == "many00000"
            assert quotas.tally.waiting(USER) == MANY - 1

    run(test)


def test_what_can_be_no_job_any_more_has_failed_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            needed = await here.submit("needed")
            really = arriving_rows.add

            def removed_meanwhile(connection: Any, piece: Any, document: str) -> None:
                really(connection, piece, document)
                if piece.behind == 0:
                    connection.execute(delete(installs))

            monkeypatch.setattr(arriving_rows, "add", removed_meanwhile)
            records = await here.scheduler.submit(USER, many(here))
            assert {each.status for each in records} == {JobState.FAILED}
            stored = here.database.read(lambda c: job_rows.get(c, JobId("many00000"), USER))
            assert "this service has no environment with lock hash ab" in (stored.error or "")
            assert rows(here) == (MANY + 1, 0)
            assert (await here.started()).job_id == needed.id

    run(test)


@pytest.mark.parametrize("made", [0, 1], ids=["on its way in", "becoming jobs"])
def test_nothing_more_comes_in_of_who_was_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: int
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            name = ("add", "remove")[made]
            really, here_now, may_go_on = getattr(arriving_rows, name), Event(), Event()

            def held(*args: Any, **named: Any) -> Any:
                found = really(*args, **named)
                here_now.set()
                assert may_go_on.wait(LIMIT_S)
                return found

            monkeypatch.setattr(arriving_rows, name, held)
            large = asyncio.create_task(here.scheduler.submit("ada", many(here)))
            await asyncio.to_thread(here_now.wait, LIMIT_S)
            discarding = asyncio.create_task(here.scheduler.discard("ada"))
            await asyncio.sleep(0)
            may_go_on.set()
            await discarding
            with pytest.raises((NotPermitted, UnknownItem)):
                await large
            assert rows(here) == (made * MOST_JOBS, 0)
            await here.submit("hers-again", user="ada")

    run(test)


def test_what_was_run_before_answers_a_large_one_in_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is written down before, and nobody sees a part of it."""

    def chain(here: Lab, number: int, count: int = MOST_JOBS + 1) -> list[JobRequest]:
        first = here.request(f"{number}-0", entry_point="m:begin")
        ids = [f"{number}-{n}" for n in range(count)]
        rest = enumerate(ids[1:])
        return [
            first,
            *(here.request(job, value_of(ids[0]), arguments={"n": n}) for n, job in rest),
        ]

    async def test() -> None:
        async with lab(tmp_path, memory=Recall(Looks(), runtime_hash="ef")) as here:
            await here.scheduler.submit(USER, chain(here, 1))
            for _ in range(MOST_JOBS + 1):
                await here.run_next(7)
            here.looks_answered = True
            with monkeypatch.context() as patch:
                cut_off(patch, "add", after=0)
                records = await here.scheduler.submit(USER, chain(here, 2))
            assert {record.status for record in records} == {JobState.COMPLETED}
            assert [record.memoized_from for record in records] == [f"1-{n}" for n in range(201)]
            assert rows(here) == (2 * (MOST_JOBS + 1), 0)
            # one more that was not run before: it looks answered, and is not
            records = await here.scheduler.submit(USER, chain(here, 3, MOST_JOBS + 2))
            assert [record.status for record in records[:-1]] == [JobState.COMPLETED] * 201
            assert records[-1].status is JobState.QUEUED

    run(test)
