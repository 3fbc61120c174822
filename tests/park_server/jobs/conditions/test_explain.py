"""Why a job is where it is, in lines for people."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from support.labs.schedule_lab import USER, Lab, lab, run, value_of

from park.drawing.progress_text import progress_text
from park.errors import UnknownItem
from park.model.conditions import At, InstallIs, JobIs, Not, Phase, Pool
from park.model.ids import JobId
from park.model.states import InstallState
from park_server.jobs import job_view


def why(here: Lab, job: str) -> tuple[str, list[str]]:
    found = here.database.read(lambda c: here.scheduler.explainer().why(c, job, USER))
    return found.line, found.chain


def test_why_a_job_is_where_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1, pools={"licence": 1}) as here:
            await here.submit("a", when=Pool(name="licence", count=1))
            await here.submit("queued")
            await here.submit("b", value_of("a"))
            await here.submit("c", value_of("b"))
            await here.submit("pool", when=Pool(name="licence", count=1))
            order = await here.started()
            assert why(here, "a")[0].startswith("since ")
            assert why(here, "queued") == (
                "no slot is free: 1 of 1 are taken, and it is the next",
                [],
            )
            assert why(here, "c") == (
                "job b (fit(a.output)) is waiting",
                [
                    "job b (fit(a.output)) is to complete; it is waiting",
                    "  job a (fit()) is to complete; it is running",
                ],
            )
            assert why(here, "pool")[0] == "for 1 of licence (0 free)"
            await here.submit("late", when=At(moment=datetime(2100, 1, 1, tzinfo=UTC)))
            moment = "until 2100-01-01 00:00:00 UTC"
            assert why(here, "late") == (moment, [moment])
            here.fail(order, "no luck")
            await here.final("c")
            line, chain = why(here, "c")
            assert line.endswith("it failed: no luck")
            # the reason stands where it arose, and not once more on each line above it
            assert chain == [
                "job b (fit(a.output)) cancelled",
                "  job a (fit()) failed: no luck",
            ]

    run(test)


def test_how_many_come_before_a_job_that_waits_for_a_slot(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            for job in "abcd":
                await here.submit(job)
            await here.started()
            places = [why(here, job)[0].partition(", and ")[2] for job in "bcd"]
            assert places == ["it is the next", "1 job comes before it", "2 jobs come before it"]

    run(test)


def test_what_is_not_to_be_is_said_as_that(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            order = await here.started()
            spared = Not(leaf=JobIs(job="a", phase=Phase.COMPLETED))
            await here.submit("b", when=spared)
            assert why(here, "b")[1] == ["job a (fit()) is not to complete; it is running"]
            here.complete(order)
            await here.final("b")
            assert why(here, "b")[0] == "needs that job a did not complete; it did"

    run(test)


def test_that_a_job_was_not_forked_is_said_with_the_reason(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=2) as here:
            await here.submit("a")
            await here.started()
            assert why(here, "a")[1] == []
            here.engine.unforkable = "importing mymodel started 3 native threads"
            (line,) = why(here, "a")[1]
            assert line.startswith("in a fresh interpreter, which takes longer to start: importing")
            assert line.endswith("started 3 native threads")
            await here.submit("b", fresh=True)
            await here.started()
            assert why(here, "b")[1] == []  # it is so because it was asked for

    run(test)


def test_why_an_install_is_where_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.install("made", InstallState.REALISING)
            assert why(here, "made") == ("mymodel==1.0: its environment is made", [])
            await here.install("made", InstallState.READY)
            assert why(here, "made")[0] == "mymodel==1.0 is there (lock ab)"
            error = {"detail": "no wheel of numpy 3"}
            await here.install("made", InstallState.FAILED, error=error)
            assert why(here, "made")[0] == "mymodel==1.0 failed: no wheel of numpy 3"
            with pytest.raises(UnknownItem, match="no job made"):
                here.database.read(lambda c: here.scheduler.explainer().why(c, "made", "bob"))
            assert here.database.read(lambda c: job_view.full_id(c, "ll-of-ab", USER)) == "ll-of-ab"
            with_installs = partial(job_view.full_id, text="ll-of-ab", user=USER, installs_too=True)
            assert here.database.read(with_installs) == "install-of-ab"

    run(test)


def test_an_install_that_is_waited_for_is_said_as_that_and_how_far_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.install("made", InstallState.RESOLVING)
            await here.submit("a", when=InstallIs(install="made", phase=Phase.COMPLETED))
            name = "install made (mymodel==1.0)"
            assert why(here, "a")[1] == [f"{name} is to complete; it is resolving"]

    run(test)


def test_a_cause_stands_right_below_what_it_caused(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            await here.submit("b", value_of("a"))
            await here.submit("c")
            await here.submit("d", value_of("b"), value_of("c"))
            order = await here.started()
            await here.scheduler.cancel(JobId("c"), USER)
            here.fail(order, "no luck")
            await here.final("b")
            _, chain = why(here, "d")
            assert [each.split(": ")[0] for each in chain] == [
                "job b (fit(a.output)) cancelled",
                "  job a (fit()) failed",
                "job c (fit()) cancelled",
            ]

    run(test)


def test_of_one_that_runs_is_said_how_old_its_last_report_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            order = await here.started()
            assert "last report" not in why(here, "a")[0]
            report = order.directory / "progress.jsonl"
            report.write_text('{"done": 1}\n')
            assert "last report" not in why(here, "a")[0]
            long_ago = report.stat().st_mtime - 12 * 60
            os.utime(report, (long_ago, long_ago))
            assert why(here, "a")[0].endswith("attempt 1, last report 12 min ago")
            (listed,) = here.scheduler.listed(USER, job_view.JobFilter(), limit=1)
            assert progress_text(listed.record.progress) == "1, last report 12 min ago"

    run(test)
