"""Starts of attempts, with a database and folders, without an engine."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.labs.databases import database_at
from support.labs.schedule_lab import OneEnvironment
from support.material.open_doors import of_the_service

from park.errors import EnvironmentMismatch
from park.model.ids import JobId
from park.model.states import JobState
from park.wire import JobRequest
from park_server.areas.areas import Areas
from park_server.content import ContentStore
from park_server.disk import Disk
from park_server.jobs import job_rows, job_view
from park_server.jobs.attempts.starts import AttemptStarts, NotCreated
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.creation import NewJob
from park_server.jobs.conditions.creation import create as create_jobs
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.folder import JobFolders
from park_server.jobs.turns.turns import Turns

USER = "ada"
JOB = JobId("1")
SUBMITTED = "2026-11-23T07:00:00.000000Z"


class Place:
    """The starts of a service, and what they publish."""

    def __init__(self, root: Path, *, takes_calls: bool = False) -> None:
        self.database = database_at(root)
        (root / "jobs").mkdir()
        content = ContentStore(root / "files")
        self.folders = JobFolders(
            root / "jobs",
            content,
            Areas(root / "areas", {}, of_the_service),
            owner_of=of_the_service,
        )
        self.commits = Commits(self.database, Disk())
        self.published: list[Effects] = []
        self.commits.subscribe(self.published.append)
        self.starts = AttemptStarts(
            database=self.database,
            environments=OneEnvironment(),
            folders=self.folders,
            settlement=Settlement(database=self.database, folder_of=self.folders.path_of),
            commits=self.commits,
            disk=Disk(),
            runtime_hash="ef",
            turns=Turns(),
            takes_calls=takes_calls,
        )

    def create(self, **facts: Any) -> job_rows.Queued:
        queued = queued_job(**facts)
        self.database.write(lambda c: created(c, queued)).result()
        return queued

    def state(self) -> tuple[str, int]:
        record = self.database.read(lambda c: job_view.record(c, JOB, USER))
        return record.status, record.attempt


def queued_job(**facts: Any) -> job_rows.Queued:
    facts = {"lock_hash": "ab", "call": {"args": [7], "kwargs": {}}} | facts
    return job_rows.Queued(
        user=USER, request=JobRequest(id=JOB, entry_point="mymodel:fit", **facts)
    )


def created(connection: Any, queued: job_rows.Queued) -> None:
    new = NewJob(request=queued.request, label="mymodel:fit", state=JobState.QUEUED)
    create_jobs(connection, USER, [new], SUBMITTED)


@asynccontextmanager
async def place(root: Path, *, takes_calls: bool = False) -> AsyncIterator[Place]:
    made = Place(root, takes_calls=takes_calls)
    try:
        yield made
    finally:
        made.folders.close()
        made.database.close()


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def test_an_attempt_that_has_begun_is_on_disk_with_its_folder(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            begun = await here.starts.begin(here.create())
            assert begun is not None
            assert (begun.id, begun.attempt, begun.environment) == (JOB, 1, Path("/envs/ab"))
            assert here.state() == ("running", 1)
            call = json.loads((here.folders.path_of(JOB) / "call.json").read_text())
            assert call == {"args": [7], "kwargs": {}}
            assert len(here.published) == 1

    run(test)


def test_an_engine_that_takes_calls_gets_a_small_one_with_its_order(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path, takes_calls=True) as here:
            begun = await here.starts.begin(here.create())
            assert begun is not None
            order = begun.order(tmp_path, ())
            assert json.loads(str(order.call)) == {"args": [7], "kwargs": {}}
            assert not (here.folders.path_of(JOB) / "call.json").exists()

    run(test)


def test_a_job_that_is_queued_no_longer_does_not_begin(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            queued = here.create()
            assert await here.starts.begin(queued) is not None
            assert await here.starts.begin(queued) is None
            assert here.state() == ("running", 1)

    run(test)


def test_no_attempt_is_committed_without_its_environment(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            queued = here.create(lock_hash="cd")
            with pytest.raises(EnvironmentMismatch, match="no environment cd"):
                await here.starts.begin(queued)
            assert here.state() == ("queued", 0)

    run(test)


@pytest.mark.parametrize(
    ("facts", "is_at_hand"),
    [
        ({}, True),
        ({"lock_hash": "cd"}, False),
        (
            {
                "call": {
                    "args": [{"$park": "file", "sha256": "ab", "name": "run.zip"}],
                    "kwargs": {},
                }
            },
            False,
        ),
    ],
    ids=["known to be whole", "to be looked at", "with a file to bring"],
)
def test_only_what_takes_no_time_starts_with_its_creation(
    tmp_path: Path, facts: dict[str, Any], *, is_at_hand: bool
) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            found = here.starts.environment_at_hand(queued_job(**facts).request)
            assert (found is not None) == is_at_hand

    run(test)


def test_creation_and_start_share_a_commit(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            queued = queued_job()
            environment = here.starts.environment_at_hand(queued.request)
            assert environment is not None
            with here.database.together() as batch:
                batch.write(lambda c: created(c, queued))
                start = here.starts.with_creation(queued, environment, batch)
            begun = await here.starts.created(start)
            assert begun is not None
            assert begun.attempt == 1
            assert (here.folders.path_of(JOB) / "call.json").exists()

    run(test)


def test_a_start_whose_commit_fails_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any) -> Effects:
        raise LookupError

    async def test() -> None:
        async with place(tmp_path) as here:
            queued = here.create()
            environment = here.starts.environment_at_hand(queued.request)
            assert environment is not None
            monkeypatch.setattr(here.starts._settlement, "started", refuses)
            with here.database.together() as batch:
                start = here.starts.with_creation(queued, environment, batch)
            with pytest.raises(NotCreated, match=JOB):
                await here.starts.created(start)
            assert here.state() == ("queued", 0)

    run(test)


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_what_is_put_back_is_queued_or_cancelled_if_that_was_asked(
    tmp_path: Path, *, is_cancelled: bool
) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            await here.starts.begin(here.create())
            if is_cancelled:
                here.database.write(lambda c: job_rows.request_cancel(c, JOB)).result()
            effects = await here.starts.put_back(JOB)
            assert (set(effects.queued), set(effects.ended)) == (
                (set(), {JOB}) if is_cancelled else ({JOB}, set())
            )

    run(test)


def test_the_use_of_an_environment_is_noted_once_in_a_while(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            assert here.starts._is_new_use("ab")
            assert not here.starts._is_new_use("ab")
            assert here.starts._is_new_use("cd")

    run(test)


def test_a_call_that_was_left_is_read_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_in: list[str] = []
    call_of = job_rows.call_of

    def noted(connection: Any, job: JobId) -> dict[str, Any]:
        read_in.append(threading.current_thread().name)
        return call_of(connection, job)

    async def test() -> None:
        async with place(tmp_path) as here:
            queued = here.create()
            left = replace(queued, request=replace(queued.request, call={}), has_call=False)
            begun = await here.starts.begin(left)
            assert begun is not None
            call = json.loads((here.folders.path_of(JOB) / "call.json").read_text())
            assert call == begun.job.call == {"args": [7], "kwargs": {}}

    monkeypatch.setattr(job_rows, "call_of", noted)
    run(test)
    assert len(read_in) == 1
    assert read_in != [threading.current_thread().name]
