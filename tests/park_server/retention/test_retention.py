"""Removal of jobs: what has ended and nobody needs, with all that it left, and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from support.labs.schedule_lab import USER, Lab, lab, run, value_of

from park.errors import Conflict, UnknownItem
from park.model.ids import JobId
from park.wire import CleanRequest
from park_server.db.tables import metadata
from park_server.home import Home
from park_server.retention.content_sweep import ContentSweep
from park_server.retention.retention import Retention

NOW = CleanRequest(older_than_s=0)
CONTENT = b"q r dr"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
OF_JOBS = ("jobs", "calls", "results", "job_files", "needs")


def retention_of(one: Lab, root: Path, *, now: float = 0.0, **policy: Any) -> Retention:
    """Return what removes the jobs of ``one``, ``now`` seconds after 1970 plus the age of files."""
    return Retention(
        home=Home(root),
        database=one.database,
        bus=one.bus,
        folders=one.folders,
        content=ContentSweep(one.content, clock=lambda: now),
        keep_jobs_s=policy.pop("keep_jobs_s", None),
        **policy,
    )


def rows(one: Lab) -> dict[str, int]:
    """Return how many rows each table of jobs has."""

    def count(connection: Connection) -> dict[str, int]:
        found = {}
        for name in OF_JOBS:
            query = select(func.count()).select_from(metadata.tables[name])
            found[name] = int(connection.execute(query).scalar_one())
        return found

    return one.database.read(count)


async def completed_with_file(one: Lab, job: str) -> None:
    await one.submit(job)
    order = await one.started()
    work = order.directory / "work"
    work.mkdir()
    (work / "run.refl").write_bytes(CONTENT)
    one.complete(order)
    await one.final(job)


def test_a_job_that_has_ended_is_removed_with_all_that_it_left(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "gone")
            await completed_with_file(one, "kept")
            retention = retention_of(one, tmp_path)
            await retention.remove(JobId("gone"), USER)
            with pytest.raises(UnknownItem):
                one.scheduler.record(JobId("gone"), USER)
            assert rows(one) == dict.fromkeys(OF_JOBS, 1) | {"needs": 0}
            assert one.content.has(DIGEST), "another job has the same file"
            await retention.remove(JobId("kept"), USER)
            assert not one.content.has(DIGEST)
            assert rows(one) == dict.fromkeys(OF_JOBS, 0)
            assert one.history("kept")[-1] == ("removed", {})
            one.folders.close()
            assert not one.folders.path_of(JobId("kept")).exists()

    run(test)


def test_what_has_not_ended_or_is_needed_stays(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as one:
            retention = retention_of(one, tmp_path)
            await one.submit("first")
            with pytest.raises(Conflict, match="job first is running: only what has ended"):
                await retention.remove(JobId("first"), USER)
            await one.submit("second", value_of("first"))
            one.complete(await one.started())
            await one.final("first")
            second = await one.started()
            with pytest.raises(Conflict, match="needed by job second, which has not ended"):
                await retention.remove(JobId("first"), USER)
            assert (await retention.clean(NOW)).jobs == 0
            one.complete(second)
            await one.final("second")
            assert (await retention.clean(NOW)).jobs == 2

    run(test)


def test_a_job_of_another_user_is_not_there(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "hers")
            with pytest.raises(UnknownItem):
                await retention_of(one, tmp_path).remove(JobId("hers"), "bob")
            assert one.status("hers") == ["completed"]

    run(test)


def test_a_dry_run_says_what_would_go_and_removes_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "old")
            retention = retention_of(one, tmp_path)
            said = await retention.clean(CleanRequest(older_than_s=0, dry_run=True))
            assert said.jobs == 1
            assert one.status("old") == ["completed"]
            assert (await retention.clean(CleanRequest(older_than_s=3600))).jobs == 0
            assert one.status("old") == ["completed"]

    run(test)


def test_events_from_before_are_forgotten_and_later_ones_are_not(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "old")
            await retention_of(one, tmp_path).clean(NOW)
            assert [kind for kind, _ in one.history("old")] == ["removed"]

    run(test)


def test_a_policy_removes_by_itself(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "old")
            retention = retention_of(one, tmp_path, keep_jobs_s=0.0, every_s=0.0)
            removed = one.bus.wait_until("*", lambda: rows(one)["jobs"], lambda n: n == 0, 300)
            waiting = asyncio.ensure_future(removed)
            retention.start()
            assert await waiting == 0
            await retention.stop()

    run(test)


def test_without_a_policy_nothing_goes_by_itself(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await completed_with_file(one, "old")
            retention = retention_of(one, tmp_path, every_s=0.0)
            retention.start()
            await one.in_the_meantime()
            await retention.stop()
            assert one.status("old") == ["completed"]

    run(test)
