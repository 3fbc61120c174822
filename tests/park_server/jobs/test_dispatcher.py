"""The dispatcher against an engine that does what the test says."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.labs.databases import database_at
from support.labs.schedule_lab import OneEnvironment, ToldEngine
from support.material.open_doors import of_the_service
from support.session.limits import LIMIT_S

from park.model.asked.resources import Resources
from park.model.ids import JobId
from park.model.states import JobState
from park.wire import JobRequest
from park_server.areas.areas import Areas
from park_server.bus import Bus
from park_server.content import ContentStore
from park_server.disk import Disk
from park_server.jobs import job_rows, job_view
from park_server.jobs.admission.room import Room, room_of_slots
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.creation import NewJob
from park_server.jobs.conditions.creation import create as create_jobs
from park_server.jobs.conditions.needs import planned
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.dispatcher import Dispatcher
from park_server.jobs.engines.engine import AttemptExit, ExitKind, StartOrder
from park_server.jobs.engines.offers import EngineOffer
from park_server.jobs.failures.failsafe import Failsafe
from park_server.jobs.folder import JobFolders
from park_server.jobs.job_end import MOST_ATTEMPTS, cancelled_in_time
from park_server.jobs.turns.lanes import Ahead

USER = "ada"
SUBMITTED = "2026-11-23T07:00:00.000000Z"
DONE = {"state": "completed", "result": 7}


class Place:
    """A dispatcher with its database and folders."""

    def __init__(self, root: Path, room: Room) -> None:
        self.database = database_at(root)
        self.bus = Bus()
        self.engine = ToldEngine()
        (root / "jobs").mkdir(exist_ok=True)
        self.folders = JobFolders(
            root / "jobs",
            ContentStore(root / "files"),
            Areas(root / "areas", {}, of_the_service),
            owner_of=of_the_service,
        )
        disk = Disk()
        settlement = Settlement(database=self.database, folder_of=self.folders.path_of)
        commits = Commits(self.database, disk)
        self.dispatcher = Dispatcher(
            database=self.database,
            bus=self.bus,
            environments=OneEnvironment(),
            folders=self.folders,
            engine=self.engine,
            runtime_hash="ef",
            room=room,
            settlement=settlement,
            commits=commits,
            failsafe=Failsafe(bus=self.bus, settlement=settlement, commits=commits),
            disk=disk,
        )

    def submit(self, *ids: str, **facts: Any) -> None:
        call: dict[str, Any] = {"args": [], "kwargs": {}}
        facts = {"lock_hash": "ab"} | facts
        requests = [
            JobRequest(id=job, entry_point="mymodel:fit", call=call, **facts) for job in ids
        ]
        new = [
            NewJob(request=request, label=request.entry_point, state=JobState.QUEUED)
            for request in requests
        ]
        self.database.write(lambda c: create_jobs(c, USER, new, SUBMITTED)).result()
        self.dispatcher.enqueue(map(JobId, ids))

    async def started(self) -> StartOrder:
        return await asyncio.wait_for(self.engine.orders.get(), LIMIT_S)

    def end(self, order: StartOrder, kind: ExitKind = ExitKind.EXITED, **facts: Any) -> None:
        self.dispatcher.on_exited(
            AttemptExit(job_id=order.job_id, attempt=order.attempt, kind=kind, **facts)
        )

    async def final(self, job: str) -> Any:
        return await self.bus.wait_until(
            job,
            lambda: self.database.read(lambda c: job_view.record(c, JobId(job), USER)),
            lambda record: JobState(record.status).is_final,
            30,
        )


@asynccontextmanager
async def place(root: Path, slots: int = 2, *, room: Room | None = None) -> AsyncIterator[Place]:
    made = Place(root, room or room_of_slots(slots))
    try:
        yield made
    finally:
        await made.dispatcher.stop()
        made.database.close()


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def test_jobs_start_in_their_order_as_slots_come_free(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            here.submit("1", "2", "3", "4")
            first, second = await here.started(), await here.started()
            assert (first.job_id, second.job_id) == ("1", "2")
            assert here.engine.orders.empty()
            assert here.database.read(lambda c: job_rows.ids(c, JobState.QUEUED)) == ["3", "4"]
            here.end(second, outcome=DONE)
            assert (await here.started()).job_id == "3"
            assert (await here.final("2")).status == "completed"
            assert here.engine.orders.empty()

    run(test)


def test_a_job_takes_the_slots_that_it_asks_for_and_nobody_overtakes_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path, slots=4) as here:
            here.submit("1", "2", resources=Resources(cpus=2))
            first, second = await here.started(), await here.started()
            here.submit("3", resources=Resources(cpus=4))
            here.submit("4")
            here.end(first, outcome=DONE)
            assert (await here.final("1")).status == "completed"
            assert here.dispatcher.slots() == (2, 4)
            assert here.engine.orders.empty()  # two are free: 3 needs four, and is before 4
            assert here.dispatcher.ahead_of(JobId("4"), USER) == Ahead(own=1)
            here.end(second, outcome=DONE)
            third = await here.started()
            assert (third.job_id, third.resources.cpus) == ("3", 4)
            here.end(third, outcome=DONE)
            assert (await here.started()).job_id == "4"

    run(test)


def test_who_waits_for_one_engine_does_not_wait_behind_who_waits_for_another(
    tmp_path: Path,
) -> None:
    offers = [EngineOffer(name="local", cpus=1), EngineOffer(name="slurm", is_cluster=True)]

    async def test() -> None:
        async with place(tmp_path, room=Room(offers)) as here:
            here.submit("1", "2")
            here.submit("3", "4", resources=Resources(engine="slurm"))
            orders = {(await here.started()).job_id for _ in range(3)}
            assert orders == {"1", "3", "4"}
            assert here.database.read(lambda c: job_rows.ids(c, JobState.QUEUED)) == ["2"]

    run(test)


def test_a_start_is_committed_before_the_engine_hears_of_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            here.submit("1")
            order = await here.started()
            record = here.database.read(lambda c: job_view.record(c, JobId("1"), USER))
            assert (record.status, record.attempt, record.runtime_hash) == ("running", 1, "ef")
            assert order.environment == Path("/envs/ab")
            assert json.loads((order.directory / "call.json").read_text()) == {
                "args": [],
                "kwargs": {},
            }

    run(test)


def test_an_environment_that_cannot_be_had_fails_the_job_unstarted(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path, slots=1) as here:
            here.submit("1", lock_hash="cd")
            here.submit("2")
            record = await here.final("1")
            assert (record.status, record.started) == ("failed", None)
            assert record.error == "no environment cd (install it)"
            assert (await here.started()).job_id == "2"

    run(test)


def test_a_job_cancelled_in_the_queue_takes_no_slot(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path, slots=1) as here:
            here.submit("1", "2", "3")
            first = await here.started()
            end = cancelled_in_time()
            here.database.write(lambda c: job_rows.end(c, JobId("2"), end)).result()
            here.end(first, outcome=DONE)
            assert (await here.started()).job_id == "3"

    run(test)


def test_what_never_started_is_started_again_but_not_for_ever(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            here.submit("1")
            for attempt in range(1, MOST_ATTEMPTS + 1):
                order = await here.started()
                assert order.attempt == attempt
                here.end(order, ExitKind.NEVER_STARTED, detail="no python")
            record = await here.final("1")
            assert record.error == "given up after 5 attempts to start it: no python"

    run(test)


@pytest.mark.parametrize("marked", [True, False], ids=["by its decorator", "by its submission"])
def test_a_lost_job_that_may_runs_again(tmp_path: Path, *, marked: bool) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            here.submit("1", restartable=not marked)
            order = await here.started()
            if marked:
                marks = {"attempt": 1, "restartable": True, "timeout_s": None}
                (order.directory / "marks.json").write_text(json.dumps(marks))
            here.end(order, ExitKind.LOST)
            again = await here.started()
            assert again.attempt == 2
            here.end(again, outcome=DONE)
            assert (await here.final("1")).status == "completed"

    run(test)


def test_a_lost_job_that_may_not_is_failed(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            here.submit("1")
            order = await here.started()
            # what an earlier attempt wrote says nothing
            marks = {"attempt": 0, "restartable": True, "timeout_s": 1}
            (order.directory / "marks.json").write_text(json.dumps(marks))
            here.end(order, ExitKind.LOST, detail="process 7")
            record = await here.final("1")
            assert (record.status, record.error) == ("failed", "lost with process 7")

    run(test)


def test_an_end_that_is_told_twice_counts_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path, slots=1) as here:
            here.submit("1", "2")
            order = await here.started()
            here.end(order, outcome=DONE)
            here.end(order, ExitKind.LOST)
            assert (await here.final("1")).status == "completed"
            assert (await here.started()).job_id == "2"
            assert here.engine.orders.empty()

    run(test)


def test_the_time_limit_of_the_decorator_ends_the_job(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            here.submit("1")
            order = await here.started()
            (order.directory / "marks.json").write_text('{"attempt": 1, "timeout_s": 0.01}')
            here.dispatcher.on_marked(JobId("1"), 1)
            assert here.engine.cancelled.empty()
            here.dispatcher.on_begun(JobId("1"), 1, time.time())
            assert await asyncio.wait_for(here.engine.cancelled.get(), LIMIT_S) == "1"
            here.end(order, ExitKind.SIGNALLED, signal=15)
            record = await here.final("1")
            assert record.error == "ran longer than its 0.01 s and was stopped"

    run(test)


def test_a_cancel_of_a_running_job_is_its_end(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            here.submit("1")
            order = await here.started()
            here.dispatcher.on_started(JobId("1"), 1, 4711)
            assert here.dispatcher.pid_of(JobId("1")) == 4711
            await here.dispatcher.cancel(JobId("1"))
            here.end(order, ExitKind.SIGNALLED, signal=15)
            record = await here.final("1")
            assert (record.status, record.error) == ("cancelled", "cancelled on request")
            assert here.dispatcher.pid_of(JobId("1")) is None

    run(test)


def test_what_ran_before_a_restart_is_followed_and_its_time_goes_on(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as before:
            before.submit("1", timeout_s=0.05)
            await before.started()
        async with place(tmp_path) as here:
            rows = here.database.read(lambda c: job_rows.stored(c, [JobId("1")]))
            await here.dispatcher.recover(rows)
            order = await here.started()
            assert (order.job_id, order.attempt) == ("1", 1)
            assert await asyncio.wait_for(here.engine.cancelled.get(), LIMIT_S) == "1"

    run(test)


def test_services_that_end_before_they_have_started_a_job_do_not_use_up_its_attempts(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        async with place(tmp_path) as first:
            first.submit("1")
            await first.started()
        for attempt in range(1, MOST_ATTEMPTS + 2):
            async with place(tmp_path) as here:
                rows = here.database.read(lambda c: job_rows.stored(c, [JobId("1")]))
                await here.dispatcher.recover(rows)
                here.end(await here.started(), ExitKind.NEVER_STARTED)
                assert (await here.started()).attempt == attempt + 1

    run(test)


def test_of_a_job_that_has_ended_only_what_is_shown_stays(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            here.submit("1")
            order = await here.started()
            (order.directory / "work" / "sub").mkdir(parents=True)
            (order.directory / "work" / "fit.png").write_text("png")
            (order.directory / "attempt-1").symlink_to("{}")
            (order.directory / "stdout").write_text("chisq 1.9")
            here.end(order, outcome=DONE)
            record = await here.final("1")
            assert [file.name for file in record.files] == ["fit.png"]
            await asyncio.wrap_future(here.folders._janitor.submit(lambda: None))
            assert [path.name for path in order.directory.iterdir()] == ["stdout"]

    run(test)


def create_and_start(here: Place, *ids: str) -> set[JobId]:
    """Queue the creation and the start of jobs for one commit; do not wait for it."""
    call: dict[str, Any] = {"args": [], "kwargs": {}}
    requests = [
        JobRequest(id=job, entry_point="mymodel:fit", call=call, lock_hash="ab") for job in ids
    ]
    new = [
        NewJob(request=request, label=request.entry_point, state=JobState.QUEUED)
        for request in requests
    ]
    plans = [planned(request, datetime.now(UTC)) for request in requests]
    with here.database.together() as batch:
        batch.write(lambda c: create_jobs(c, USER, new, SUBMITTED))
        return here.dispatcher.start_with(USER, plans, batch)


def test_a_job_that_can_start_at_once_is_created_and_started_in_one_go(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path, slots=2) as here:
            assert create_and_start(here, "1", "2", "3") == {"1", "2"}
            here.dispatcher.enqueue([JobId("3")], {JobId("3"): USER})
            first, second = await here.started(), await here.started()
            assert (first.job_id, second.job_id, first.attempt) == ("1", "2", 1)
            assert (first.directory / "call.json").exists()
            assert create_and_start(here, "4") == set()
            here.end(first, outcome=DONE)
            assert (await here.started()).job_id == "3"

    run(test)


def test_a_retry_of_the_client_starts_nothing_anew(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path) as here:
            create_and_start(here, "1")
            order = await here.started()
            assert create_and_start(here, "1") == set()
            here.end(order, outcome=DONE)
            assert (await here.final("1")).status == "completed"
            assert create_and_start(here, "1") == {"1"}
            here.submit("2")
            assert (await here.started()).job_id == "2"
            assert (await here.final("1")).attempt == 1

    run(test)


def test_a_creation_that_fails_leaves_no_slot_taken(tmp_path: Path) -> None:
    async def test() -> None:
        async with place(tmp_path, slots=1) as here:
            request = JobRequest(id="1", entry_point="mymodel:fit", call={}, lock_hash="ab")
            plan = planned(request, datetime.now(UTC))
            with here.database.together() as batch:  # and never created
                assert here.dispatcher.start_with(USER, [plan], batch) == {"1"}
            here.submit("2")
            assert (await here.started()).job_id == "2"

    run(test)
