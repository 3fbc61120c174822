"""The jobs of a service, from their submission to their end; event-driven, never polling.

What is acknowledged is committed. A transition wakes only what waits for it, so what a job
costs does not grow with the number of jobs. `Dispatcher` starts them and settles their ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from park.errors import EnvironmentMismatch, UsageError
from park.model.entry_point import EntryPoint
from park.model.states import InstallState, JobState
from park.wire import InstallRecord, JobRecord, JobRequest
from park_repo.database import Database
from park_server.bus import Bus
from park_server.clock import now
from park_server.installs import store as installs_store
from park_server.installs.offers import is_offered
from park_server.jobs import store
from park_server.jobs.dispatcher import CANCEL_GRACE_S, Dispatcher
from park_server.jobs.folder import JobFolders

__all__ = ["Scheduler"]

_log = logging.getLogger("park.jobs")


class Scheduler:
    """The jobs of a service. All methods belong to the event loop."""

    def __init__(
        self, *, database: Database, bus: Bus, folders: JobFolders, dispatcher: Dispatcher
    ) -> None:
        self._database = database
        self._bus = bus
        self._folders = folders
        self._dispatcher = dispatcher
        self._tasks: set[asyncio.Task[None]] = set()

    async def resume(self) -> None:
        """Take up what a stopped service left: running jobs first, then the queue."""
        await self._dispatcher.recover(
            self._database.read(lambda c: store.active(c, JobState.RUNNING))
        )
        self._dispatcher.enqueue(self._database.read(lambda c: store.ids(c, JobState.QUEUED)))
        for install in self._database.read(store.awaited_installs):
            self._look_at_install(install)

    async def stop(self) -> None:
        """Stop scheduling; what runs goes on by itself and is found again at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._dispatcher.stop()

    async def submit(self, user: str, requests: Sequence[JobRequest]) -> list[JobRecord]:
        """Accept jobs, all or none; they are committed when this returns.

        An id that is known already is answered with the job that has it.
        """
        new = list(zip(requests, self._accepted(user, requests), strict=True))
        moment = now()
        creating = self._database.write(lambda c: store.create(c, user, new, moment))
        queued = [request for request, state in new if state is JobState.QUEUED]
        started = self._dispatcher.start_with(user, queued)
        created = await asyncio.wrap_future(creating)
        self._dispatcher.enqueue(
            [request.id for request in queued if request.id in created - started]
        )
        for install in {r.install for r, state in new if state is JobState.WAITING}:
            self._look_at_install(install)
        return [
            _just_created(request, state, moment)
            if request.id in created
            else self.record(request.id, user)
            for request, state in new
        ]

    def _accepted(self, user: str, requests: Sequence[JobRequest]) -> list[JobState]:
        """Check ``requests``; return the states in which their jobs begin."""
        for entry_point in {request.entry_point for request in requests}:
            EntryPoint.parse(entry_point)
        if any((r.lock_hash is None) == (r.install is None) for r in requests):
            raise UsageError("a job names a lock hash or an install, and exactly one of them")
        for lock_hash, set_hash in {(r.lock_hash, r.set_hash) for r in requests}:
            if lock_hash is not None:
                self._check_lock(lock_hash, set_hash)
        for install in {request.install for request in requests} - {None}:
            self._check_install(str(install), user)
        return [JobState.WAITING if r.lock_hash is None else JobState.QUEUED for r in requests]

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

    def record(self, job: str, user: str) -> JobRecord:
        """Return the job as it is now."""
        record = self._database.read(lambda c: store.record(c, job, user))
        return replace(self._folders.with_progress(record), pid=self._dispatcher.pid_of(job))

    def records(self, user: str, *, status: JobState | None, limit: int) -> list[JobRecord]:
        """Return the newest ``limit`` jobs of ``user``, newest first, without their progress."""
        found = self._database.read(lambda c: store.listing(c, user, status=status, limit=limit))
        return [replace(record, pid=self._dispatcher.pid_of(record.id)) for record in found]

    async def wait(self, job: str, user: str, timeout_s: float) -> JobRecord:
        """Return the job when it is final, or when the time is up."""
        return await self._bus.wait_until(
            job,
            lambda: self.record(job, user),
            lambda seen: JobState(seen.status).is_final,
            timeout_s,
        )

    async def cancel(self, job: str, user: str) -> JobRecord:
        """Cancel ``job`` and return it when it has ended, its processes gone."""
        self._database.read(lambda c: store.get(c, job, user))
        found = await self._database.awrite(lambda c: store.request_cancel(c, job))
        if found is JobState.RUNNING:
            await self._dispatcher.cancel(job)
        self._bus.publish(job)
        return await self.wait(job, user, timeout_s=CANCEL_GRACE_S)

    def install_ended(self, install: InstallRecord) -> None:
        """Bind what waited for ``install`` to its lock, or cancel it with the cause."""
        self._spawn(self._release(install))

    def _look_at_install(self, install: str | None) -> None:
        """Release at once where the install ended before its job was committed."""
        if install is None:
            return
        row = self._database.read(lambda c: installs_store.get(c, install))
        if InstallState(row.state).is_final:
            self.install_ended(installs_store.record(row))

    async def _release(self, install: InstallRecord) -> None:
        def change(connection: Connection) -> list[str]:
            waiting = store.waiting_for(connection, install.id)
            for job in waiting:
                if install.lock_hash is not None and install.state == InstallState.READY:
                    store.bind(connection, job, install.lock_hash, install.set_hash)
                else:
                    store.end(connection, job, _cancelled_by(install))
            return waiting

        released = await self._database.awrite(change)
        if install.state == InstallState.READY:
            self._dispatcher.enqueue(released)
        for job in released:
            self._bus.publish(job)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reaped)

    def _reaped(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a step of the scheduler failed", exc_info=error)


def _just_created(request: JobRequest, state: JobState, submitted: str) -> JobRecord:
    """Return the record of a job that has only been written, without reading it back."""
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
    )


def _cancelled_by(install: InstallRecord) -> store.Ending:
    why = (install.error or {}).get("detail", "it failed")
    return store.Ending(
        status=JobState.CANCELLED, error=f"needs install {install.id} ready; it failed: {why}"
    )
