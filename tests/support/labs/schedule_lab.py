"""A scheduler whose jobs end as the test says; everything but processes is real."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import Connection
from support.labs.databases import database_at
from support.labs.rows import USER, add_install
from support.material.open_doors import anybody, of_the_service
from support.session.limits import LIMIT_S

from park.errors import EnvironmentMismatch
from park.model.conditions import Expression
from park.model.conditions_json import condition_to_json
from park.model.ids import JobId
from park.model.lock_hash import LockHash
from park.model.references import Reference, What
from park.model.states import InstallState, JobState
from park.wire import FileRecord, InstallRecord, JobRecord, JobRequest
from park_server import events
from park_server.areas.areas import Areas
from park_server.bus import Bus
from park_server.content import ContentStore
from park_server.db.tables import installs
from park_server.disk import Disk
from park_server.envs.environment import Environment
from park_server.jobs.admission.room import room_of_slots
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.needs import Planned
from park_server.jobs.conditions.recall import Memory
from park_server.jobs.conditions.run_rows import source_of
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.dispatcher import Dispatcher
from park_server.jobs.engines.engine import (
    AttemptExit,
    ExitKind,
    ProcessorUse,
    Sink,
    StartOrder,
)
from park_server.jobs.engines.offers import LOCAL, EngineOffer
from park_server.jobs.failures.failsafe import Failsafe
from park_server.jobs.fetch_queue import FetchQueue
from park_server.jobs.folder import JobFolders
from park_server.jobs.job_end import JobEnd
from park_server.jobs.leaf_polls import LeafPolls
from park_server.jobs.outside_events import OutsideEvents
from park_server.jobs.progress_listener import ProgressListener
from park_server.jobs.resumption.unread_conditions import UnreadConditions
from park_server.jobs.resumption.unsettled_changes import UnsettledChanges
from park_server.jobs.scheduler import Scheduler
from park_server.jobs.seams import Fetcher, NoFetcher, NoPeers, Peers
from park_server.jobs.stopping.stopper import Stopper
from park_server.jobs.turns.turns import Turns
from park_server.quotas.quotas import Quotas

__all__ = [
    "BASE_URL",
    "USER",
    "Lab",
    "OneEnvironment",
    "ToldEngine",
    "lab",
    "run",
    "value_of",
]

BASE_URL = "http://park.example"


class Boundless:
    """Lets everybody use everything: who may is tried elsewhere."""

    def may_use(self, user: str, lock_hash: str) -> bool:
        """Say yes."""
        return bool(user and lock_hash)

    def may_refer_to_all(self, user: str) -> bool:
        """Say yes."""
        return bool(user)

    def require_files(self, user: str, digests: Collection[str]) -> None:
        """Raise nothing."""


class ToldEngine:
    """Keeps the orders until the test says how they ended."""

    def __init__(self) -> None:
        self.orders: asyncio.Queue[StartOrder] = asyncio.Queue()
        self.cancelled: asyncio.Queue[str] = asyncio.Queue()
        self.unforkable = ""
        self.used: ProcessorUse | None = None
        self.takes_calls = False

    async def start(self, order: StartOrder, sink: Sink) -> None:
        del sink  # the test tells the dispatcher itself
        self.orders.put_nowait(order)

    async def cancel(self, job_id: str, grace_s: float) -> None:
        assert grace_s > 0
        self.cancelled.put_nowait(job_id)

    async def recover(self, orders: Sequence[StartOrder], sink: Sink) -> None:
        del sink
        for order in orders:
            self.orders.put_nowait(order)

    def processor_use(self, job_id: str) -> ProcessorUse | None:
        del job_id
        return self.used

    def why_fresh(self, lock_hash: str, entry_point: str, user: str) -> str | None:
        del lock_hash, entry_point, user
        return self.unforkable or None

    async def close(self) -> None: ...


class OneMachine:
    """Has an engine of its own, with so many slots."""

    def __init__(self, slots: int) -> None:
        self._slots = slots

    def offers(self) -> list[EngineOffer]:
        """Return what it can give."""
        return [EngineOffer(name=LOCAL, cpus=self._slots)]

    def remark(self, job_id: str) -> None:
        """Say nothing: it has no queue of its own."""
        del job_id


class OneEnvironment:
    """Has the environment ``ab``, and no other."""

    def known(self, lock_hash: LockHash) -> Environment | None:
        found = SimpleNamespace(path=Path("/envs/ab"))
        return cast("Environment", found) if lock_hash == "ab" else None

    async def ready(self, lock_hash: LockHash) -> Environment:
        if lock_hash != "ab":
            raise EnvironmentMismatch(f"no environment {lock_hash}", hint="install it")
        return cast("Environment", SimpleNamespace(path=Path("/envs/ab")))


def value_of(job: str, *path: str | int) -> Reference:
    """Return a reference into what ``job`` returned."""
    reference = Reference(job=job, what=What.VALUE)
    for key in path:
        reference = reference.item(key)
    return reference


class Lab:
    """A scheduler with its database and folders; a second one on the same root is a restart."""

    def __init__(
        self,
        root: Path,
        *,
        slots: int,
        pools: Mapping[str, int],
        fetcher: Fetcher | None,
        peers: Peers | None,
        memory: Memory | None = None,
        turns: Turns | None = None,
        quotas: Quotas | None = None,
        most: int = 200,
    ) -> None:
        self.database = database_at(root)
        self.bus = Bus()
        self.bus.bind()
        self.disk = Disk()
        self.engine = ToldEngine()
        (root / "jobs").mkdir(exist_ok=True)
        self.content = ContentStore(root / "files")
        self.areas = Areas(root / "areas", {}, of_the_service)
        self.folders = JobFolders(root / "jobs", self.content, self.areas, owner_of=of_the_service)
        self.settlement = Settlement(
            database=self.database,
            folder_of=self.folders.path_of,
            pools=pools,
            memory=memory,
            most=most,
        )
        self.commits = Commits(self.database, self.disk)
        self.failsafe = Failsafe(bus=self.bus, settlement=self.settlement, commits=self.commits)
        shared: dict[str, Any] = {
            "database": self.database,
            "bus": self.bus,
            "folders": self.folders,
            "settlement": self.settlement,
            "commits": self.commits,
            "failsafe": self.failsafe,
        }
        self.looks_answered = False
        self.given_accounts: list[str] = []
        self.dispatcher = Dispatcher(
            **shared,
            environments=OneEnvironment(),
            engine=self.engine,
            runtime_hash="ef",
            room=room_of_slots(slots),
            disk=self.disk,
            base_url=BASE_URL,
            turns=turns or Turns(quotas),
        )
        self.fetch_queue = FetchQueue(
            **shared,
            fetcher=fetcher or NoFetcher(),
            opened=str,
            base_url=BASE_URL,
        )
        self.events = OutsideEvents(self.commits, self.settlement, self.failsafe)
        self.unread = UnreadConditions(self.commits, self.settlement, self.failsafe)
        self.unsettled = UnsettledChanges(
            database=self.database,
            commits=self.commits,
            settlement=self.settlement,
            failsafe=self.failsafe,
        )
        self.progress = ProgressListener(
            folder_of=self.folders.path_of,
            bus=self.bus,
            commits=self.commits,
            on_growth=self.events.reported,
            runs_of=lambda jobs: self.database.read(lambda c: source_of(c, jobs)),
        )
        self.leaf_polls = LeafPolls(
            database=self.database,
            bus=self.bus,
            progress=self.progress,
            settlement=self.settlement,
            folder_of=self.folders.path_of,
        )
        self.stopper = Stopper(
            **{name: each for name, each in shared.items() if name not in {"bus", "settlement"}},
            dispatcher=self.dispatcher,
            fetch_queue=self.fetch_queue,
        )
        self.scheduler = Scheduler(
            **shared,
            dispatcher=self.dispatcher,
            fetch_queue=self.fetch_queue,
            stopper=self.stopper,
            peers=peers or NoPeers(),
            disk=self.disk,
            reach=Boundless(),
            engines=OneMachine(slots),
            quotas=quotas or Quotas.without_limits(),
            look_ahead=self._look_ahead,
            holds_shipped=anybody,
            seal=str,
            give_account=self._give_account,
        )

    async def _give_account(self, user: str) -> None:
        """Note who was given one."""
        self.given_accounts.append(user)

    async def _look_ahead(self, user: str, plans: Sequence[Planned], accepted: datetime) -> bool:
        """Look at nothing ahead: what may answer jobs is looked at when they are written."""
        del user, plans, accepted
        return self.looks_answered

    # -- what users do

    def request(
        self,
        job: str,
        *references: Reference,
        when: Expression | None = None,
        arguments: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> JobRequest:
        """Return a request for ``job`` that has ``references`` as its arguments."""
        if not facts.keys() & {"lock_hash", "install", "fetch"}:
            facts["lock_hash"] = "ab"
        call = {"args": [each.as_json() for each in references], "kwargs": dict(arguments or {})}
        return JobRequest(
            id=job,
            entry_point=facts.pop("entry_point", "mymodel:fit"),
            call=call,
            when=None if when is None else condition_to_json(when),
            **facts,
        )

    async def submit(
        self, job: str, *references: Reference, user: str = USER, **facts: Any
    ) -> JobRecord:
        """Submit one job."""
        (record,) = await self.scheduler.submit(user, [self.request(job, *references, **facts)])
        return record

    # -- what happens

    async def started(self) -> StartOrder:
        """Wait for the next start."""
        return await asyncio.wait_for(self.engine.orders.get(), LIMIT_S)

    async def run_next(self, result: Any = 7) -> str:
        """Wait for the next start, and let it complete with ``result``; return the job."""
        order = await self.started()
        self.complete(order, result)
        await self.final(order.job_id)
        return order.job_id

    def complete(self, order: StartOrder, result: Any = 7) -> None:
        """Let an attempt complete."""
        self.end(order, outcome={"state": "completed", "result": result})

    async def end_with_files(self, *files: FileRecord, **facts: Any) -> None:
        """Let the next attempt complete, and have left ``files``; ``facts`` are of its end."""
        order = await self.started()
        job = JobId(order.job_id)
        self.dispatcher.let_go(job)
        await self.failsafe.end(
            job, JobEnd(status=JobState.COMPLETED, result={"n": 7}, files=files, **facts)
        )

    def end_cancelled(self, job: str) -> None:
        """Let the attempt of ``job`` be over, which is being cancelled."""
        exited = AttemptExit(job_id=JobId(job), attempt=1, kind=ExitKind.SIGNALLED)
        self.dispatcher.on_exited(exited)

    def fail(self, order: StartOrder, error: str = "ZeroDivisionError: division by zero") -> None:
        """Let an attempt fail."""
        self.end(order, outcome={"state": "failed", "error": error})

    def end(self, order: StartOrder, kind: ExitKind = ExitKind.EXITED, **facts: Any) -> None:
        """Let an attempt end."""
        ended = AttemptExit(job_id=order.job_id, attempt=order.attempt, kind=kind, **facts)
        self.dispatcher.on_exited(ended)

    async def final(self, job: str) -> JobRecord:
        """Wait until ``job`` has ended."""
        return await self.until(job, lambda record: record.status.is_final)

    async def until(self, job: str, holds: Callable[[JobRecord], bool]) -> JobRecord:
        """Wait until ``holds`` is true of ``job``."""
        record = await self.bus.wait_until(
            "*", lambda: self.scheduler.record(JobId(job), USER), holds, LIMIT_S
        )
        assert holds(record), record
        return record

    def status(self, *jobs: str) -> list[str]:
        """Return the states of ``jobs``."""
        return [str(self.scheduler.record(JobId(job), USER).status) for job in jobs]

    def call_of(self, order: StartOrder) -> Any:
        """Return the arguments that a job was started with."""
        return json.loads((order.directory / "call.json").read_text())

    def history(self, job: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the events of ``job``: type and data."""
        found = self.database.read(lambda c: events.after(c, USER, 0, 10_000))
        return [(each["type"], each["data"]) for each in found if each["id"] == job]

    async def in_the_meantime(self) -> None:
        """Wait until what was queued for the database so far is committed and told."""
        await self.database.awrite(lambda _: None)
        for _ in range(5):
            await asyncio.sleep(0)

    # -- installs

    async def install(self, name: str, state: InstallState, **facts: Any) -> InstallRecord:
        """Write an install in ``state``; tell the scheduler where that is final."""
        ready = "ab" if state is InstallState.READY else None
        row: dict[str, Any] = {"lock_hash": ready} | facts

        def write(connection: Connection) -> None:
            known = installs.update().where(installs.c.id == name)
            if not connection.execute(known.values(state=state, **row)).rowcount:
                add_install(connection, name, state, **row)

        self.database.write(write).result()
        record = InstallRecord(
            id=name,
            state=state,
            project="mymodel",
            version="1.0",
            python="3.11",
            set_hash="cd",
            lock_hash=row["lock_hash"],
            error=facts.get("error"),
        )
        if state.is_final:
            self.events.install_ended(record)
        return record

    async def close(self) -> None:
        """Stop as a killed service would: nothing is settled."""
        await self.scheduler.rest()
        self.progress.stop()
        await self.unread.stop()
        await self.unsettled.stop()
        await self.events.stop()
        await self.stopper.stop()
        await self.fetch_queue.stop()
        await self.dispatcher.stop()
        self.database.close()


@asynccontextmanager
async def lab(
    root: Path,
    *,
    slots: int = 2,
    pools: Mapping[str, int] | None = None,
    fetcher: Fetcher | None = None,
    peers: Peers | None = None,
    memory: Memory | None = None,
    turns: Turns | None = None,
    quotas: Quotas | None = None,
    most: int = 200,
) -> AsyncIterator[Lab]:
    """Run a scheduler on ``root`` that takes up what an earlier one left there.

    Without a ``memory`` every job runs. One change looks at ``most`` of what waits.
    """
    made = Lab(
        root,
        slots=slots,
        pools=pools or {},
        fetcher=fetcher,
        peers=peers,
        memory=memory,
        turns=turns,
        quotas=quotas,
        most=most,
    )
    try:
        known = made.database.read(lambda c: c.exec_driver_sql("SELECT 1 FROM installs").first())
        if known is None:
            await made.install("install-of-ab", InstallState.READY)
        await made.scheduler.resume()
        yield made
    finally:
        await made.close()


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run an asynchronous test."""
    asyncio.run(test())
