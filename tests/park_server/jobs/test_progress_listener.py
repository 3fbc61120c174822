"""Reports are heard of as long as somebody waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.session.limits import LIMIT_S

from park.model.ids import JobId
from park_repo.database import Database
from park_server.bus import Bus
from park_server.disk import Disk
from park_server.jobs import progress_listener
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.progress_listener import ProgressListener, progress_of

A, B = JobId("a"), JobId("b")


class Lab:
    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.grown: asyncio.Queue[JobId] = asyncio.Queue()
        self.runs: dict[str, JobId] = {}
        self.bus = Bus()
        self.commits = Commits(database, Disk())
        self.listener = ProgressListener(
            folder_of=lambda job: folder / job,
            bus=self.bus,
            commits=self.commits,
            on_growth=self.grown.put_nowait,
            runs_of=lambda jobs: {job: run for job, run in self.runs.items() if job in jobs},
        )

    def report(self, job: str) -> None:
        (self.folder / job).mkdir(exist_ok=True)
        with (self.folder / job / "progress.jsonl").open("a") as file:
            file.write("{}\n")

    async def heard(self) -> JobId:
        return await asyncio.wait_for(self.grown.get(), LIMIT_S)


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Lab], Coroutine[Any, Any, None]]], None]:
    monkeypatch.setattr(progress_listener, "_LOOKS_EVERY_S", 0.001)

    @asynccontextmanager
    async def made() -> AsyncIterator[Lab]:
        database = Database.sqlite(tmp_path / "park.sqlite")
        lab = Lab(tmp_path, database)
        try:
            yield lab
        finally:
            lab.listener.stop()
            database.close()

    def run(test: Callable[[Lab], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            async with made() as lab:
                await test(lab)

        asyncio.run(whole())

    return run


Run = Callable[[Callable[[Lab], Coroutine[Any, Any, None]]], None]


def test_each_growth_is_told_once_and_to_all(run: Run) -> None:
    async def test(lab: Lab) -> None:
        lab.report(A)
        with lab.bus.subscribed([progress_of(A)]) as subscription:
            lab.listener.keep([A, B])
            assert await lab.heard() == A
            assert await subscription.changed(LIMIT_S) == {"a/progress"}
        lab.report(B)
        assert await lab.heard() == B
        assert lab.grown.empty()
        lab.listener.keep([A])  # nothing new: what was told is remembered
        lab.report(A)
        assert await lab.heard() == A
        assert lab.grown.empty()

    run(test)


def test_who_is_waited_for_is_known_from_commits(run: Run) -> None:
    async def test(lab: Lab) -> None:
        lab.report(A)
        lab.report(B)
        lab.commits.publish(Effects(progress={A}))
        assert await lab.heard() == A
        lab.commits.publish(Effects(ended=[A], progress={B}))
        assert await lab.heard() == B
        lab.report(A)
        lab.report(B)
        assert await lab.heard() == B  # nobody waits for what has ended

    run(test)


def test_a_stop_hears_of_nothing_more(run: Run) -> None:
    async def test(lab: Lab) -> None:
        lab.listener.keep([A])
        lab.listener.stop()
        lab.report(A)
        lab.listener._look()
        assert lab.grown.empty()

    run(test)


def test_what_another_job_runs_for_it_reports_for_it_too(run: Run) -> None:
    async def test(lab: Lab) -> None:
        lab.listener.keep([A])
        lab.report(B)
        lab.runs[A] = B
        lab.commits.publish(Effects())
        assert await lab.heard() == A

    run(test)
