"""The jobs of a service, from their submission to their end; event-driven, never polling.

What is acknowledged is committed. A transition wakes only what waits for it, so what a job
costs does not grow with the number of jobs. `Settlement` decides what follows a transition,
in its transaction; `Dispatcher` and `Fetching` run what may start, and end it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from park.errors import EnvironmentMismatch
from park.model.states import JobKind, JobState
from park.model.truth import Verdict
from park.wire import InstallRecord, JobRecord, JobRequest, PoolRecord
from park_repo.database import Change, Database
from park_server.bus import EVERYTHING, Bus
from park_server.clock import text_of
from park_server.disk import Disk
from park_server.installs import install_rows as installs_store
from park_server.installs.offers import is_offered
from park_server.jobs import job_rows, job_view
from park_server.jobs.alarms import Alarms
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.explain import Explainer
from park_server.jobs.conditions.needs import Planned, check_acyclic, planned
from park_server.jobs.conditions.settlement import POOLS, Settlement
from park_server.jobs.dispatcher import CANCEL_GRACE_S, Dispatcher
from park_server.jobs.fetch_queue import Fetching
from park_server.jobs.fetcher import Fetcher, NoFetcher
from park_server.jobs.folder import JobFolders
from park_server.jobs.leaf_polls import Following
from park_server.jobs.peers import NoPeers, Peers
from park_server.jobs.progress_listener import ProgressWatch
from park_server.tasks import Tasks

__all__ = ["Scheduler"]

_log = logging.getLogger("park.jobs")


class Scheduler:
    """The jobs of a service. All methods belong to the event loop.

    ``peers`` can be put in place later, before `resume`.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        folders: JobFolders,
        dispatcher: Dispatcher,
        settlement: Settlement,
        fetcher: Fetcher | None = None,
        base_url: str = "",
        disk: Disk | None = None,
    ) -> None:
        self.peers: Peers = NoPeers()
        self._database = database
        self._bus = bus
        self._folders = folders
        self._dispatcher = dispatcher
        self._settlement = settlement
        self._disk = disk or Disk()
        self._fetching = Fetching(
            database=database,
            bus=bus,
            folders=folders,
            settlement=settlement,
            fetcher=fetcher or NoFetcher(),
            base_url=base_url,
            apply=self._apply,
            disk=self._disk,
        )
        self._alarms = Alarms()
        self.progress = ProgressWatch(folders.path_of, bus, self._reported)
        self.following = Following(
            database=database,
            bus=bus,
            progress=self.progress,
            settlement=settlement,
            folder_of=folders.path_of,
        )
        # locks and the sets that they were made from are kept for ever: what fitted once, fits
        self._checked: set[tuple[str | None, str | None]] = set()
        self._tasks = Tasks(_log, "a step of the scheduler failed")
        dispatcher.apply = self._apply

    async def resume(self) -> None:
        """Take up what a stopped service left: running jobs first, then the queue."""
        running = self._database.read(lambda c: job_rows.active(c, JobState.RUNNING))
        await self._dispatcher.recover([row for row in running if row.kind == "call"])
        self._fetching.enqueue([row.id for row in running if row.kind == "fetch"])
        # the queue before what is settled now: that is queued behind it
        self._dispatcher.enqueue(self._database.read(lambda c: job_rows.ids(c, JobState.QUEUED)))
        queued = self._database.read(lambda c: job_rows.ids(c, JobState.QUEUED, "fetch"))
        retries = self._database.read(job_rows.waiting_for_retry)
        held_back = {row.id for row in retries if _moment(row.not_before) > datetime.now(UTC)}
        self._fetching.enqueue([job for job in queued if job not in held_back])
        self._apply(
            Effects(
                retries=[
                    (_moment(row.not_before), row.id, row.kind)
                    for row in retries
                    if row.id in held_back
                ]
            )
        )
        self._apply(await self._database.awrite(self._settlement.resume))

    async def stop(self) -> None:
        """Stop scheduling; what runs goes on by itself and is found again at the next start."""
        self._alarms.stop()
        self.progress.stop()
        await self._tasks.stop()
        await self._fetching.stop()
        await self._dispatcher.stop()

    # -- submission

    async def submit(self, user: str, requests: Sequence[JobRequest]) -> list[JobRecord]:
        """Accept jobs, all or none; they are committed when this returns.

        An id that is known already is answered with the job that has it.
        """
        accepted = datetime.now(UTC)
        plans = self._accepted(user, requests, accepted)
        moment = text_of(accepted)
        at_once = [plan.request for plan in plans if plan.is_free and plan.is_call]
        with self._database.together() as batch:
            creating = batch.write(lambda c: self._settlement.create(c, user, plans, moment))
            started = self._dispatcher.start_with(user, at_once, batch)
        created = await asyncio.wrap_future(creating)
        effects = created.effects
        effects.queued = [job for job in effects.queued if job not in started]
        self._apply(effects)
        return [
            _just_created(plan, created.states[plan.request.id], moment)
            if plan.request.id in created.states and plan.request.id not in created.changed
            else self.record(plan.request.id, user)
            for plan in plans
        ]

    def _accepted(
        self, user: str, requests: Sequence[JobRequest], accepted: datetime
    ) -> list[Planned]:
        """Check ``requests``; return them with what they need."""
        plans = [planned(request, accepted) for request in requests]
        check_acyclic(plans)
        for lock_hash, set_hash in {(r.lock_hash, r.set_hash) for r in requests} - self._checked:
            if lock_hash is not None:
                self._check_lock(lock_hash, set_hash)
            self._checked.add((lock_hash, set_hash))
        for install in {name for plan in plans for name in plan.installs}:
            self._check_install(install, user)
        return plans

    def _check_install(self, install: str, user: str) -> None:
        """Raise `UnknownItem` for an install that is neither the user's nor offered to all."""
        if not self._database.read(lambda c: is_offered(c, install)):
            self._database.read(lambda c: installs_store.get(c, install, user))

    def _check_lock(self, lock_hash: str, set_hash: str | None) -> None:
        known = self._database.read(lambda c: installs_store.set_hashes(c, lock_hash))
        if not known:
            raise EnvironmentMismatch(
                f"this service has no environment with lock hash {lock_hash}",
                hint="`park versions` lists what it has; `park install MODULE` makes yours",
            )
        if set_hash is not None and set_hash not in known:
            raise EnvironmentMismatch(
                f"the environment {lock_hash} was not made from the set {set_hash}",
                hint="`park versions MODULE` shows how they differ",
            )

    # -- reading

    def record(self, job: str, user: str) -> JobRecord:
        """Return the job as it is now."""
        return self._alive(self._database.read(lambda c: job_view.record(c, job, user)))

    def _alive(self, record: JobRecord) -> JobRecord:
        """Return ``record`` with what only this process and the job's folder know."""
        found = self._folders.with_progress(record)
        return replace(found, pid=self._dispatcher.pid_of(record.id))

    def records(self, user: str, *, status: JobState | None, limit: int) -> list[JobRecord]:
        """Return the newest ``limit`` jobs of ``user``, newest first, without their progress."""
        found = self._database.read(lambda c: job_view.listing(c, user, status=status, limit=limit))
        return [replace(record, pid=self._dispatcher.pid_of(record.id)) for record in found]

    def explainer(self) -> Explainer:
        """Return what explains jobs; for one request."""
        return self._settlement.explainer(
            slots=self._dispatcher.slots,
            remark=self.peers.remark,
            held_up=lambda: self._disk.remark,
        )

    def pools(self) -> list[PoolRecord]:
        """Return the pools of the service, by name."""
        return self._settlement.pool_records()

    async def wait(self, job: str, user: str, timeout_s: float) -> JobRecord:
        """Return the job when it is final, or when the time is up."""
        return await self._bus.wait_until(
            job,
            lambda: self.record(job, user),
            lambda seen: JobState(seen.status).is_final,
            timeout_s,
        )

    async def wait_for_result(
        self, job: str, user: str, timeout_s: float
    ) -> tuple[JobRecord, dict[str, Any] | None]:
        """Return the job as `wait` does, with its encoded result where it has one."""

        def look() -> tuple[JobRecord, dict[str, Any] | None]:
            record, result = self._database.read(lambda c: job_view.with_result(c, job, user))
            return self._alive(record), result

        return await self._bus.wait_until(
            job, look, lambda seen: JobState(seen[0].status).is_final, timeout_s
        )

    # -- what happens

    async def cancel(self, job: str, user: str, *, dependents: bool = False) -> JobRecord:
        """Cancel ``job``, with ``dependents`` all that needs it; return it when it has ended.

        Its processes, and theirs, are gone then.
        """
        self._database.read(lambda c: job_rows.get(c, job, user))
        found = await self._database.awrite(
            lambda c: self._settlement.cancel(c, job, dependents=dependents)
        )
        self._apply(found.effects)
        await asyncio.gather(*(self._end_running(each) for each in found.running))
        self._bus.publish(job)
        return await self.wait(job, user, timeout_s=CANCEL_GRACE_S)

    async def _end_running(self, job: str) -> None:
        kind = self._database.read(lambda c: job_rows.get(c, job)).kind
        await (self._fetching if kind == "fetch" else self._dispatcher).cancel(job)

    def install_ended(self, install: InstallRecord) -> None:
        """Settle what waited for ``install``."""
        self._tasks.spawn(self._settle(lambda c: self._settlement.install_ended(c, install)))

    async def leaf_decided(self, job: str, position: int, verdict: Verdict) -> None:
        """See `PeerListener`."""
        await self._settle(lambda c: self._settlement.leaf_decided(c, job, position, verdict))

    async def staged(self, job: str) -> None:
        """See `PeerListener`."""
        await self._settle(lambda c: self._settlement.staged(c, job))

    async def cannot_stage(self, job: str, why: str) -> None:
        """See `PeerListener`."""
        await self._settle(lambda c: self._settlement.cannot_stage(c, job, why))

    async def _settle(self, change: Change[Effects]) -> None:
        """Commit ``change``, however long the disk refuses it: whoever caused it has gone on."""
        self._apply(await self._disk.patiently(lambda: self._database.awrite(change)))

    def _apply(self, effects: Effects) -> None:
        """Do what follows a commit."""
        self._dispatcher.enqueue_first(effects.urgent)
        if effects.queued:
            self._dispatcher.enqueue(effects.queued)
        if effects.fetches:
            self._fetching.enqueue(effects.fetches)
        for moment, job in effects.later:
            self._alarms.at(moment, partial(self._look_at, job))
        for moment, job, kind in effects.retries:
            queue = self._fetching if kind == "fetch" else self._dispatcher
            self._alarms.at(moment, partial(queue.enqueue, [job]))
        if effects.progress:
            self.progress.keep(effects.progress)
        self._tell_peers(effects)
        if effects.queued or effects.urgent or effects.fetches or effects.retries:
            self._bus.publish(EVERYTHING)  # whoever follows the event log
        for job in effects.ended:
            self.progress.ended(job)
            self._bus.publish(job)
        if effects.ended:
            self._bus.publish(POOLS)

    def _tell_peers(self, effects: Effects) -> None:
        for job in effects.watching:
            self.peers.watch(job)
        for job in effects.staging:
            self.peers.stage(job)
        for job in effects.releasing:
            self.peers.release(job)

    def _look_at(self, job: str) -> None:
        self._tasks.spawn(self._settle(lambda c: self._settlement.look(c, job)))

    def _reported(self, job: str) -> None:
        self._tasks.spawn(self._settle(lambda c: self._settlement.progressed(c, job)))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _just_created(plan: Planned, state: JobState, submitted: str) -> JobRecord:
    """Return the record of a job that has only been written, without reading it back."""
    request = plan.request
    return JobRecord(
        id=request.id,
        status=state,
        entry_point=request.entry_point,
        lock_hash=request.lock_hash,
        set_hash=request.set_hash,
        install=request.install,
        environment=None,
        runtime_hash=None,
        attempt=0,
        pid=None,
        submitted=submitted,
        started=None,
        finished=None,
        error=None,
        kind=JobKind(plan.kind),
        when=plan.condition,
        retries=request.retries,
    )
