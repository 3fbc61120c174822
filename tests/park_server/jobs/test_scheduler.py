"""Submissions as wholes: checked, accepted once, listed, and taken up by the next service."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from support.labs.schedule_lab import USER, lab, run, value_of

from park.errors import EnvironmentMismatch, UnknownItem
from park.model.ids import JobId
from park.model.states import InstallState, JobState
from park_server.jobs.job_view import JobFilter


def test_what_does_not_fit_an_environment_is_refused_as_a_whole(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            good = here.request("a", set_hash="cd")
            for wrong in (here.request("b", lock_hash="ff"), here.request("b", set_hash="ff")):
                with pytest.raises(EnvironmentMismatch):
                    await here.scheduler.submit(USER, [good, wrong])
            with pytest.raises(UnknownItem):
                here.scheduler.record(JobId("a"), USER)
            (record,) = await here.scheduler.submit(USER, [good])
            assert record.set_hash == "cd"

    run(test)


def test_an_install_of_another_is_as_unknown_as_none(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.install("of-eve", InstallState.RESOLVING, user="eve")
            for install in ("of-eve", "absent"):
                with pytest.raises(UnknownItem):
                    await here.submit("a", install=install)

    run(test)


def test_a_repeated_submission_is_answered_with_what_is_there(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            first = await here.submit("a")
            assert await here.run_next() == "a"
            again = await here.submit("a")
            assert (first.status.is_final, str(again.status)) == (False, "completed")
            assert here.engine.orders.empty()

    run(test)


def test_jobs_are_listed_newest_first_each_to_its_user(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            for job in ("a", "b", "c"):
                await here.submit(job)
            await here.submit("of-eve", user="eve")
            await here.run_next()
            listed = here.scheduler.listed(USER, JobFilter(), limit=2)
            assert [each.record.id for each in listed] == ["c", "b"]
            ended = here.scheduler.listed(USER, JobFilter(status=JobState.COMPLETED), limit=9)
            assert [each.record.id for each in ended] == ["a"]

    run(test)


def test_another_users_job_is_neither_read_nor_cancelled(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a", user="eve")
            with pytest.raises(UnknownItem):
                here.scheduler.record(JobId("a"), USER)
            with pytest.raises(UnknownItem):
                await here.scheduler.cancel(JobId("a"), USER)
            assert here.engine.cancelled.empty()

    run(test)


@pytest.mark.parametrize("dependents", [True, False])
def test_with_its_dependents_a_job_is_cancelled_with_all_that_needs_it(
    tmp_path: Path, *, dependents: bool
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("busy")
            await here.submit("a")
            await here.submit("b", value_of("a"))
            found = await here.scheduler.cancel(JobId("a"), USER, dependents=dependents)
            assert str(found.status) == "cancelled"
            assert here.status("b") == ["cancelled"]  # what it waits for never completes
            assert here.status("busy") == ["running"]

    run(test)


def test_a_row_that_cannot_be_read_ends_and_the_others_are_taken_up(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("running")
            for job in ("odd", "queued"):
                await here.submit(job)
            odd = text("UPDATE jobs SET status = 'asleep' WHERE id = 'odd'")
            here.database.write(lambda c: c.execute(odd)).result()
        async with lab(tmp_path, slots=1) as later:
            assert str((await later.final("odd")).status) == "failed"
            assert "its state is asleep" in str(later.scheduler.record(JobId("odd"), USER).error)
            assert (await later.started()).job_id == "running"
            assert later.status("queued") == ["queued"]

    run(test)


def test_who_submits_has_his_account_before_the_loop_needs_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("first", user="bob")
            assert here.given_accounts == ["bob"]
        async with lab(tmp_path, slots=1) as again:
            assert again.given_accounts == ["bob"]  # whose job was left when accounts came

    run(test)
