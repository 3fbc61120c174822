"""Jobs on a disk that takes nothing for a while: what was acknowledged goes on afterwards."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from support.faults.full_disk import FullDisk, no_room
from support.labs.schedule_lab import USER, Lab, lab, run, value_of
from support.session.limits import LIMIT_S

from park.model.conditions import InstallIs, Phase
from park.model.ids import JobId
from park.model.states import InstallState
from park.wire import FetchRequest
from park_server.jobs.seams import FetchedFile


def test_ends_and_starts_are_committed_when_there_is_room_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            disk = FullDisk(here.database)
            for job in ("a", "b", "c"):
                await here.submit(job)
            await here.submit("after", value_of("a"))
            order = await here.started()
            disk.is_full = True
            here.complete(order)
            await disk.refused()
            await disk.refused()
            assert here.status("a", "b", "after") == ["running", "queued", "waiting"]
            assert "database or disk is full" in why(here, "b")
            assert "database or disk is full" in why(here, "a")
            disk.is_full = False
            assert [await here.run_next() for _ in range(3)] == ["b", "c", "after"]
            assert here.status("a", "b", "c", "after") == ["completed"] * 4
            assert here.disk.remark == ""

    with caplog.at_level(logging.WARNING):
        run(test)
    said = [record.message for record in caplog.records]
    assert (
        sum("takes nothing: the database: database or disk is full" in line for line in said) == 1
    )
    assert sum("does again" in line for line in said) == 1
    assert len(said) == 2


def test_a_submission_that_is_refused_can_be_repeated(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            disk = FullDisk(here.database)
            disk.is_full = True
            with pytest.raises(OperationalError, match="disk is full"):
                await here.submit("a")
            disk.is_full = False
            await here.submit("a")
            assert await here.run_next() == "a"
            assert here.dispatcher.slots() == (0, 2)

    run(test)


@pytest.mark.parametrize("before", ["", "first"])
def test_a_job_whose_folder_is_refused_starts_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            prepare, is_full, refused = here.folders.prepare, True, asyncio.Event()

            def guarded(*args: Any) -> None:
                if is_full:
                    refused.set()
                    raise no_room()
                prepare(*args)

            monkeypatch.setattr(here.folders, "prepare", guarded)
            if before:  # with another before it, it waits in the queue
                is_full = False
                await here.submit(before)
                order = await here.started()
                is_full = True
            await here.submit("a")
            if before:
                here.complete(order)
            await asyncio.wait_for(refused.wait(), LIMIT_S)
            await here.until("a", lambda record: record.status == "queued")
            refused.clear()
            await asyncio.wait_for(refused.wait(), LIMIT_S)
            assert "No space left on device" in why(here, "a")
            is_full = False
            assert await here.run_next() == "a"

    run(test)


def test_a_job_that_is_cancelled_while_its_folder_is_refused_never_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            refused = asyncio.Event()

            def prepare(*_: Any) -> None:
                refused.set()
                raise no_room()

            monkeypatch.setattr(here.folders, "prepare", prepare)
            await here.submit("a")
            await asyncio.wait_for(refused.wait(), LIMIT_S)
            await here.until("a", lambda record: record.status == "queued")
            assert (await here.scheduler.cancel(JobId("a"), USER)).status == "cancelled"
            monkeypatch.undo()
            await here.submit("b")
            assert await here.run_next() == "b"

    run(test)


def test_files_are_kept_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            disk = FullDisk(here.database)
            monkeypatch.setattr(here.content, "intake", disk.guard(here.content.intake))
            await here.submit("a")
            order = await here.started()
            (order.directory / "work").mkdir(exist_ok=True)
            (order.directory / "work" / "run.refl").write_text("q R")
            disk.is_full = True
            here.complete(order)
            await disk.refused()
            disk.is_full = False
            record = await here.final("a")
            assert (record.status, [file.name for file in record.files]) == (
                "completed",
                ["run.refl"],
            )

    run(test)


def test_a_retry_is_written_when_there_is_room_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            disk = FullDisk(here.database)
            await here.submit("a", retries=1, backoff_s=0.0)
            order = await here.started()
            disk.is_full = True
            here.fail(order)
            await disk.refused()
            disk.is_full = False
            assert await here.run_next() == "a"

    run(test)


def test_an_install_that_ends_meanwhile_starts_its_jobs_afterwards(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.install("making", InstallState.REALISING)
            await here.submit("a", install="making")
            await here.submit("b", when=InstallIs(install="making", phase=Phase.COMPLETED))
            disk = FullDisk(here.database)
            await here.install("making", InstallState.READY)
            disk.is_full = True
            await disk.refused()
            disk.is_full = False
            assert {await here.run_next(), await here.run_next()} == {"a", "b"}

    run(test)


class OneFile:
    """Fetches at once what every URL has."""

    async def fetch(self, job: str, user: str, request: FetchRequest) -> FetchedFile:
        assert (job, user) == ("f", USER)
        return FetchedFile(url=str(request.url), sha256="0" * 64, size=3, name="run.refl")


def test_a_fetch_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, fetcher=OneFile()) as here:
            disk = FullDisk(here.database)
            fetch = FetchRequest(url="https://example.org/run.refl")
            await here.submit("f", entry_point="park:fetch_url", fetch=fetch)
            disk.is_full = True
            await disk.refused()
            disk.is_full = False
            assert (await here.final("f")).status == "completed"

    run(test)


def why(here: Lab, job: str) -> str:
    """Return the line that tells why ``job`` is where it is."""
    return here.database.read(lambda c: here.scheduler.explainer().why(c, job, USER)).line
