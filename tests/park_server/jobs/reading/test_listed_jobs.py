"""Many jobs for one answer: no more of them is held than is written at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, insert, update
from support.labs.schedule_lab import USER, lab, run

from park.model.ids import JobId
from park.model.states import JobState
from park_server.db.tables import job_files, jobs
from park_server.jobs.job_view import JobFilter
from park_server.jobs.left import file_rows
from park_server.jobs.left.file_rows import MANY
from park_server.jobs.reading import listed_jobs as module

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from park.wire import FileRecord, JobRecord


def leave(connection: Connection, job: str, count: int) -> None:
    rows = [{"job": job, "name": f"{n:05}", "sha256": "ab", "size": n} for n in range(count)]
    connection.execute(insert(job_files), rows)


def test_no_more_files_are_held_than_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def page_of(*args: Any, **named: Any) -> list[FileRecord]:
        page = file_rows_page_of(*args, **named)
        read.append(len(page))
        return page

    file_rows_page_of = file_rows.page_of
    monkeypatch.setattr(file_rows, "page_of", page_of)

    async def test() -> None:
        async with lab(tmp_path) as here:
            for job, count in (("a", 2 * MANY + 1), ("b", MANY), ("c", 1)):
                await here.submit(job)
                await here.database.awrite(partial(leave, job=job, count=count))
            found = []
            for listed in here.scheduler.listed(USER, JobFilter(), limit=9):
                assert listed.record.files == []
                before = sum(read)
                for page in listed.files:
                    assert sum(read) - before == len(page) <= MANY
                    before += len(page)
                    found += [f"{listed.record.id}/{file.name}" for file in page]
            assert len(found) == len(set(found)) == 3 * MANY + 2
            assert (found[0], found[1], found[-1]) == ("c/00000", "b/00000", f"a/{2 * MANY:05}")

    run(test)


def test_few_files_come_with_their_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_rows, "page_of", None)

    async def test() -> None:
        async with lab(tmp_path) as here:
            for job in ("a", "b"):
                await here.submit(job)
            await here.database.awrite(partial(leave, job="a", count=2))
            listed = list(here.scheduler.listed(USER, JobFilter(), limit=9))
            names = [[file.name for page in each.files for file in page] for each in listed]
            assert names == [[], ["00000", "00001"]]

    run(test)


def test_a_large_condition_is_read_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    large = {"version": 1, "condition": {"any": [{"job": "a", "is": "completed"}] * 4_000}}
    blocks: list[list[str]] = []

    def alive(records: Sequence[JobRecord]) -> Sequence[JobRecord]:
        blocks.append([each.id for each in records])
        return records

    async def test() -> None:
        async with lab(tmp_path) as here:
            for job in "abcdef":
                await here.submit(job)
            among = jobs.c.id.in_(["b", "e"])
            await here.database.awrite(
                lambda c: c.execute(update(jobs).where(among).values(condition=large))
            )
            found = list(module.listed_jobs(here.database, USER, JobFilter(), limit=9, alive=alive))
            assert [each.record.id for each in found] == [*"fedcba"]
            assert blocks == [["f"], ["e"], ["d"], ["c"], ["b"], ["a"]]

    run(test)


def test_what_has_gone_or_changed_meanwhile_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 1)

    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            for job in "abc":
                await here.submit(job)
            wanted = JobFilter(status=JobState.QUEUED)
            listed = here.scheduler.listed(USER, wanted, limit=9)
            assert next(listed).record.id == "c"
            await here.scheduler.cancel(JobId("b"), USER, dependents=False, unless_needed=False)
            assert list(listed) == []

    run(test)
