"""The life of a job, from its submission to its end; event-driven, never polling.

A job is started only in an environment whose own manifest bears the lock hash that the job
is bound to: `Environments.check` reads it before every start. What is acknowledged is
committed; the engine holds no truth, so after a crash the database and the jobs' folders
say what runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from park.errors import EnvironmentMismatch, ParkError, UsageError
from park.model.entry_point import EntryPoint
from park.model.locks import LockHash
from park.model.states import InstallState, JobState
from park.wire import InstallRecord, JobRecord, JobRequest
from park_repo.database import Database
from park_server.bus import Bus
from park_server.envs.keeper import EnvironmentKeeper
from park_server.installs import store as installs_store
from park_server.jobs import store
from park_server.jobs.engine import Ended, EndKind, Engine, StartOrder
from park_server.jobs.folder import JobFolders
from park_server.jobs.outcome import ending_of

__all__ = ["Scheduler"]

_log = logging.getLogger("park.jobs")

_CANCEL_GRACE_S = 10.0
"""Seconds between SIGTERM and SIGKILL: enough to write a last file, short enough to wait for."""


class Scheduler:
    """The jobs of a service. All methods belong to the event loop."""

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        keeper: EnvironmentKeeper,
        read_only: tuple[Path, ...],
        folders: JobFolders,
        engine: Engine,
        runtime_hash: str,
        slots: int,
    ) -> None:
        self._database = database
        self._bus = bus
        self._keeper = keeper
        self._read_only = read_only
        self._folders = folders
        self._engine = engine
        self._runtime_hash = runtime_hash
        self._slots = slots
        self._queue: deque[str] = deque()
        self._busy: set[str] = set()
        self._timed_out: dict[str, float] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def resume(self) -> None:
        """Take up what a stopped service left: running jobs first, then the queue."""
        running = self._database.read(lambda c: store.active(c, JobState.RUNNING))
        self._busy.update(row.id for row in running)
        for row in running:
            self._watch_time(row)
        await self._engine.recover([self._order(row, row.attempt) for row in running])
        for row in running:
            if row.cancel_requested:
                self._spawn(self._engine.cancel(row.id, _CANCEL_GRACE_S))
        self._enqueue(
            [r.id for r in self._database.read(lambda c: store.active(c, JobState.QUEUED))]
        )
        for row in self._database.read(lambda c: store.active(c, JobState.WAITING)):
            self._look_at_install(row.install)

    async def stop(self) -> None:
        """Stop scheduling; what runs goes on by itself and is found again at the next start."""
        self._queue.clear()
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def submit(self, user: str, requests: Sequence[JobRequest]) -> list[JobRecord]:
        """Accept jobs, all or none; they are committed when this returns.

        An id that is known already is answered with the job that has it.
        """
        states = [self._accepted(user, request) for request in requests]

        def change(connection: Connection) -> list[str]:
            return [
                request.id
                for request, state in zip(requests, states, strict=True)
                if store.create(connection, user, request, state) and state is JobState.QUEUED
            ]

        self._enqueue(await self._database.awrite(change))
        for request, state in zip(requests, states, strict=True):
            if state is JobState.WAITING:
                self._look_at_install(request.install)
        return [self.record(request.id, user) for request in requests]

    def _accepted(self, user: str, request: JobRequest) -> JobState:
        """Check ``request``; return the state in which its job begins."""
        EntryPoint.parse(request.entry_point)
        if request.lock_hash is not None and request.install is None:
            self._check_lock(request.lock_hash, request.set_hash)
            return JobState.QUEUED
        if request.install is not None and request.lock_hash is None:
            install = request.install
            self._database.read(lambda c: installs_store.get(c, install, user))
            return JobState.WAITING
        raise UsageError("a job names either a lock hash or an install, and exactly one of them")

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
        return self._folders.with_progress(record)

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
            await self._engine.cancel(job, _CANCEL_GRACE_S)
        self._bus.publish(job)
        return await self.wait(job, user, timeout_s=_CANCEL_GRACE_S)

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
            self._enqueue(released)
        for job in released:
            self._bus.publish(job)

    def _enqueue(self, jobs: Sequence[str]) -> None:
        self._queue.extend(jobs)
        self._dispatch()

    def _dispatch(self) -> None:
        while self._queue and len(self._busy) < self._slots:
            job = self._queue.popleft()
            self._busy.add(job)
            self._spawn(self._start(job))

    async def _start(self, job: str) -> None:
        try:
            attempt = await self._attempt(job)
            if attempt is None:  # cancelled while it was queued
                self._leave(job)
                return
            self._bus.publish(job)
            row = self._database.read(lambda c: store.get(c, job))
            # from this look to the engine's knowing the job, nothing else runs: a cancel
            # is seen here, or it finds the job at the engine
            if row.cancel_requested:
                await self._end(job, store.cancelled_in_time())
                return
            self._watch_time(row)
            await self._engine.start(self._order(row, attempt))
        except ParkError as error:
            await self._end(job, store.Ending(status=JobState.FAILED, error=_line(error)))
        except Exception as error:  # noqa: BLE001 (the job must end, whatever it is)
            _log.exception("job %s could not be started", job)
            line = f"the service could not start it: {type(error).__name__}: {error}"
            await self._end(job, store.Ending(status=JobState.FAILED, error=line))

    async def _attempt(self, job: str) -> int | None:
        """Check the environment, prepare the folder, and commit to an attempt."""
        row = self._database.read(lambda c: store.get(c, job))
        environment = await self._keeper.ready(LockHash(row.lock_hash))
        self._folders.prepare(job, self._database.read(lambda c: store.call_of(c, job)))
        return await self._database.awrite(
            lambda c: store.starting(c, job, str(environment.path), self._runtime_hash)
        )

    def _order(self, row: Row[Any], attempt: int) -> StartOrder:
        return StartOrder(
            job_id=row.id,
            attempt=attempt,
            directory=self._folders.path_of(row.id),
            environment=Path(row.environment),
            lock_hash=row.lock_hash,
            entry_point=row.entry_point,
            set_hash=row.set_hash or "",
            variables={},
            memory_bytes=row.memory_bytes,
            fresh=row.fresh,
            read_only=self._read_only,
        )

    def on_started(self, job: str, attempt: int, pid: int) -> None:
        """Take the engine's word that an attempt has a process."""
        self._spawn(self._note_start(job, attempt, pid))

    async def _note_start(self, job: str, attempt: int, pid: int) -> None:
        await self._database.awrite(lambda c: store.started(c, job, attempt, pid))
        self._bus.publish(job)

    def on_ended(self, ended: Ended) -> None:
        """Take the engine's word that an attempt is over."""
        self._spawn(self._settle(ended))

    async def _settle(self, ended: Ended) -> None:
        job = ended.job_id
        row = self._database.read(lambda c: store.get(c, job))
        if row.status != JobState.RUNNING or row.attempt != ended.attempt:
            return  # told twice: after a restart both the folder and the fork server know
        if ended.kind is EndKind.NEVER_STARTED and not row.cancel_requested:
            await self._database.awrite(lambda c: store.requeue(c, job))
            self._leave(job)
            self._enqueue([job])
            return
        try:
            files = await self._folders.collect(job)
            ending = ending_of(
                ended,
                files=files,
                cancel_requested=row.cancel_requested,
                timed_out_s=self._timed_out.get(job),
            )
        except OSError as error:
            _log.exception("the files of job %s could not be kept", job)
            line = f"the service could not keep its files: {error}"
            await self._end(job, store.Ending(status=JobState.FAILED, error=line))
            return
        await self._end(job, ending)
        await self._folders.clear(job)

    async def _end(self, job: str, ending: store.Ending) -> None:
        try:
            await self._database.awrite(lambda c: store.end(c, job, ending))
        finally:
            self._leave(job)
            self._bus.publish(job)

    def _leave(self, job: str) -> None:
        self._busy.discard(job)
        self._timed_out.pop(job, None)
        timer = self._timers.pop(job, None)
        if timer is not None:
            timer.cancel()
        self._dispatch()

    def _watch_time(self, row: Row[Any]) -> None:
        if row.timeout_s is not None:
            loop = asyncio.get_running_loop()
            self._timers[row.id] = loop.call_later(
                row.timeout_s, self._expire, row.id, row.timeout_s
            )

    def _expire(self, job: str, timeout_s: float) -> None:
        self._timed_out[job] = timeout_s
        self._spawn(self._engine.cancel(job, _CANCEL_GRACE_S))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reaped)

    def _reaped(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a step of the scheduler failed", exc_info=error)


def _cancelled_by(install: InstallRecord) -> store.Ending:
    why = (install.error or {}).get("detail", "it failed")
    return store.Ending(
        status=JobState.CANCELLED, error=f"needs install {install.id} ready; it failed: {why}"
    )


def _line(error: ParkError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
