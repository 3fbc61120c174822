"""The embedded engine: jobs as processes of this machine, forked ahead by fork servers.

A job survives the service. A later engine on the same home finds it through its fork
server's socket, or through the process that its claim names, or by what it left.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from park.errors import ParkError
from park.model.ids import JobId
from park.runtime import descendants, processes
from park.wire import ForkServerRecord
from park_server.jobs.engines.cages import Cages
from park_server.jobs.engines.claimants import Claimants
from park_server.jobs.engines.control_groups import found_groups
from park_server.jobs.engines.devices import Devices
from park_server.jobs.engines.engine import AttemptExit, ProcessorUse, Sink, StartOrder
from park_server.jobs.engines.evidence import (
    Evidence,
    claim_for_service,
    exit_of,
    finished_evidence,
    is_large,
    never_started,
    owner_of,
    read_evidence,
)
from park_server.jobs.engines.fork_server_client import ServerLink
from park_server.jobs.engines.fork_server_pool import ForkServerPool, LocalEngineSettings
from park_server.jobs.engines.offers import LOCAL, EngineOffer
from park_server.jobs.engines.order_record import order_record
from park_server.jobs.engines.process_watch import ProcessWatches
from park_server.jobs.engines.runtime_copy import RuntimeCopy, copy_runtime
from park_server.tasks import Tasks

__all__ = ["LocalEngine", "LocalEngineSettings"]

_log = logging.getLogger("park.jobs")

_KILL_TIMEOUT_S = 10.0
"""How long killed processes may take to go before a cancel reports its end all the same."""


@dataclass(kw_only=True, slots=True, eq=False)
class _Job:
    """An attempt that has not exited. ``link`` None: its fork server is gone."""

    order: StartOrder
    sink: Sink
    link: ServerLink | None = None
    pid: int | None = None
    cancelled: bool = False
    exited: asyncio.Event = field(default_factory=asyncio.Event)


class LocalEngine:
    """Implements `Engine`. All methods belong to one event loop.

    Below ``home``: ``runtime/`` (copies of the machinery), ``forkservers/v1/`` (sockets
    and logs) and ``cache/numba/``.
    """

    def __init__(
        self,
        *,
        home: Path,
        cages: Cages,
        settings: LocalEngineSettings | None = None,
    ) -> None:
        self._home = home
        self._settings = settings or LocalEngineSettings()
        self._devices = Devices(self._settings.gpus, home / "devices.json")
        self._runtime = copy_runtime(home / "runtime")
        self._jobs: dict[str, _Job] = {}
        self._watches = ProcessWatches()
        self._tasks = Tasks(_log, "what a job left could not be read")
        self._pool = ForkServerPool(
            home=home,
            cages=cages,
            groups=found_groups(),
            runtime=self._runtime,
            settings=self._settings,
            on_message=self._on_message,
            on_gone=self._on_gone,
        )

    @property
    def takes_calls(self) -> bool:
        """See `Engine`: a socket takes them there sooner than a file."""
        return True

    @property
    def runtime(self) -> RuntimeCopy:
        """The machinery that jobs run with."""
        return self._runtime

    @property
    def runtime_hash(self) -> str:
        """SHA-256 in hex of the machinery that jobs run with: part of each job's record."""
        return self._runtime.sha256

    def offer(self) -> EngineOffer:
        """See `OfferingEngine`."""
        return EngineOffer(
            name=LOCAL,
            cpus=self._settings.slots,
            gpus=len(self._settings.gpus),
            memory_bytes=self._settings.memory_bytes,
        )

    def remark(self, job_id: JobId) -> None:
        """See `OfferingEngine`: there is no queue here."""
        del job_id

    # -- starting

    async def start(self, order: StartOrder, sink: Sink) -> None:
        """Hand ``order`` to its fork server; a service's first order there starts it."""
        shown = self._devices.variables(order.job_id, order.resources.gpus)
        if shown:
            order = replace(order, variables={**order.variables, **shown})
        job = _Job(order=order, sink=sink)
        self._jobs[order.job_id] = job
        self._place(job)

    def _place(self, job: _Job) -> None:
        order = job.order
        try:
            link = self._pool.link_for(order)
        except OSError as error:
            self._exit(job, never_started(order, f"cannot start {order.environment}: {error}"))
            return
        except ParkError as error:  # the policy names an account that there is none of
            self._exit(job, never_started(order, f"cannot start it: {error.message}"))
            return
        job.link = link
        link.jobs[order.job_id] = time.monotonic()
        link.send(do="start", order=order_record(order).as_record())

    # -- what fork servers report

    def _on_message(self, link: ServerLink, message: dict[str, Any]) -> None:
        if message["event"] == "hello":
            self._pool.greeted(link, message.get("reason"))
        job = self._jobs.get(message.get("job", ""))
        if job is None or job.link is not link or job.order.attempt != message["attempt"]:
            return
        match message["event"]:
            case "started":
                self._started(job, message["pid"])
            case "marked":
                job.sink.on_marked(job.order.job_id, job.order.attempt)
            case "begun":
                self._begun(job)
            case "ended":
                self._exited(job, message)
            case "refused":
                self._pool.retire(link)
                self._place(job)
            case "unclaimed":
                self._follow_folder(job)

    def _started(self, job: _Job, pid: int) -> None:
        job.pid = pid
        job.sink.on_started(job.order.job_id, job.order.attempt, pid)
        if job.link is not None and job.link.forks(job.order):
            self._begun(job)

    def _begun(self, job: _Job) -> None:
        job.sink.on_begun(job.order.job_id, job.order.attempt, time.time())

    def _exited(self, job: _Job, message: dict[str, Any]) -> None:
        if left := message.get("left"):
            _log.warning("job %s has ended, but not its processes %s", job.order.job_id, left)
        if message["finished"]:
            self._exit_by(job, finished_evidence)
        else:
            self._exit_by(job, lambda order: replace(read_evidence(order), exit=message))

    def _exit_by(self, job: _Job, read: Callable[[StartOrder], Evidence]) -> None:
        """Report the exit of an attempt as the records that it left tell it."""
        if is_large(job.order):
            self._tasks.spawn(self._exit_later(job, read))
        else:
            self._exit(job, exit_of(job.order, read(job.order)))

    async def _exit_later(self, job: _Job, read: Callable[[StartOrder], Evidence]) -> None:
        self._exit(job, exit_of(job.order, await asyncio.to_thread(read, job.order)))

    def _exit(self, job: _Job, exited: AttemptExit) -> None:
        self._jobs.pop(job.order.job_id, None)
        self._devices.free(job.order.job_id)
        if job.link is not None:
            exited = self._pool.asked_for_memory(job.link, exited)
            self._pool.job_ended(job.link, job.order.job_id)
        job.sink.on_exited(exited)
        job.exited.set()

    def _on_gone(self, link: ServerLink) -> None:
        """Follow the jobs of a fork server that is gone; they need not be."""
        # one that died while it imported has started nothing: try without the import
        import_killed_it = link.hello.result() is None and link.key.module is not None
        for job_id in list(link.jobs):
            job = self._jobs.get(job_id)
            if job is None or job.link is not link:
                continue
            job.link = None
            if import_killed_it:
                self._place(job)
            else:
                self._follow_folder(job, link.last_words)

    # -- what is known of how jobs are started

    def processor_use(self, job_id: JobId) -> ProcessorUse | None:
        """See `Engine.processor_use`."""
        job = self._jobs.get(job_id)
        if job is None or job.pid is None:
            return None
        is_forked = job.link is not None and job.link.forks(job.order)
        return ProcessorUse(cpu_s=processes.cpu_s(job.pid), is_forked=is_forked)

    def why_fresh(self, lock_hash: str, entry_point: str, user: str) -> str | None:
        """See `Engine.why_fresh`."""
        return self._pool.why_fresh(lock_hash, entry_point.partition(":")[0], user)

    # -- following without a fork server

    def _follow_folder(self, job: _Job, why: str | None = None) -> None:
        """Find out by the job's folder how far its attempt came, and follow it from there.

        ``why`` is the fork server's last line, for an attempt that never started.
        """
        order = job.order
        if claim_for_service(order):
            detail = "its fork server went away before it started"
            self._exit(job, never_started(order, f"{detail}: {why}" if why else detail))
            return
        owner, claimants = owner_of(order), self._pool.claimants(order)
        if owner is not None and claimants.are(owner):
            self._follow_process(job, owner.pid)
        else:
            job.pid = None
            self._tasks.spawn(self._exit_without_owner(job, claimants))

    async def _exit_without_owner(self, job: _Job, claimants: Claimants) -> None:
        """Report an attempt whose claim names nobody: what it has running all the same is ended."""
        left = await asyncio.to_thread(claimants.found)
        await asyncio.to_thread(processes.end_all, left, _KILL_TIMEOUT_S)
        if not job.exited.is_set():
            await self._exit_later(job, read_evidence)

    def _follow_process(self, job: _Job, pid: int) -> None:
        job.link = None
        self._started(job, pid)
        self._watches.watch(pid, lambda: self._process_gone(job))

    def _process_gone(self, job: _Job) -> None:
        if not job.cancelled:  # else the cancel empties the session first
            self._exit_by(job, read_evidence)

    # -- cancelling

    async def cancel(self, job_id: JobId, grace_s: float) -> None:
        """See `Engine.cancel`."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        if job.pid is None and claim_for_service(job.order):
            link = job.link
            self._exit(job, never_started(job.order, "cancelled before it started"))
            if link is not None:
                self._pool.abandon(link)
        elif job.link is not None:
            attempt = job.order.attempt
            job.link.send(do="cancel", job=job_id, attempt=attempt, grace=grace_s)
            await job.exited.wait()
        elif job.pid is not None:
            await self._cancel_process(job, job.pid, grace_s)

    async def _cancel_process(self, job: _Job, pid: int, grace_s: float) -> None:
        """Do for a job without a fork server what the fork server would have done."""
        if job.cancelled:
            await job.exited.wait()
            return
        job.cancelled = True
        # once it has ended, nobody could tell any more what it had started
        below = [each for each in map(processes.identity, descendants.descendants(pid)) if each]
        gone = asyncio.Event()
        self._watches.watch(pid, gone.set)
        for number in (signal.SIGTERM, signal.SIGCONT):
            processes.signal_group(pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(gone.wait(), grace_s)
        await asyncio.to_thread(processes.end_session, pid, _KILL_TIMEOUT_S)
        await asyncio.to_thread(processes.end_all, below, _KILL_TIMEOUT_S)
        await self._exit_later(job, read_evidence)

    # -- recovering

    async def recover(self, orders: Sequence[StartOrder], sink: Sink) -> None:
        """See `Engine.recover`. Comes before the first start."""
        self._devices.take_up([order.job_id for order in orders])
        links = await self._pool.reconnect(jobs_go_on=bool(orders))
        running = {
            (job["job"], job["attempt"]): (link, job["pid"])
            for link in links
            for job in (link.hello.result() or {})["running"]
        }
        for order in orders:
            job = _Job(order=order, sink=sink)
            self._jobs[order.job_id] = job
            if (order.job_id, order.attempt) in running:
                job.link, pid = running[order.job_id, order.attempt]
                self._started(job, pid)
            elif self._machine_restarted() and not read_evidence(order).claimed:
                # a claim is not synchronised: after a power cut its absence proves nothing
                self._exit_by(job, read_evidence)
            else:
                self._follow_folder(job)
        self._note_boot()

    @property
    def _boot_file(self) -> Path:
        return self._home / "forkservers" / "boot"

    def _machine_restarted(self) -> bool:
        return self._boot_file.exists() and self._boot_file.read_text() != processes.boot_id()

    def _note_boot(self) -> None:
        self._boot_file.parent.mkdir(parents=True, exist_ok=True)
        self._boot_file.write_text(processes.boot_id())

    # -- fork servers

    def renew(self, lock_hash: str) -> None:
        """Start no more jobs from what has imported the environment of ``lock_hash`` before.

        It was found changed, so what was imported from it may be, too. What runs goes on.
        """
        for link in self._pool.links:
            if link.key.lock_hash == lock_hash:
                self._pool.retire(link)

    def retire_user(self, user: str) -> None:
        """Start no more jobs of ``user`` from what has been imported for him before."""
        for link in self._pool.links:
            if link.key.user == user:
                self._pool.retire(link)

    def lent_to(self, job: JobId) -> Path | None:
        """Return where a job that runs has its /tmp, with others; None: nowhere that is known."""
        return self._pool.lent_to(job)

    def retire_that_of(self, job: JobId) -> None:
        """Start no more jobs where ``job`` is: what it is lent goes with the last of those."""
        self._pool.retire_that_of(job)

    async def fork_servers(self, user: str | None = None) -> list[ForkServerRecord]:
        """Return the fork servers of ``user`` (None: of all) that answer, with their memory."""
        links = [link for link in self._pool.links if user in {None, link.key.user}]
        answers = await asyncio.gather(*(link.status() for link in links))
        return [
            ForkServerRecord(
                lock_hash=link.key.lock_hash,
                module=answer["module"],
                pid=answer["pid"],
                running=len(answer["running"]),
                spares=answer["spares"],
                memory_bytes=answer["pss_bytes"],
                reason=answer["reason"],
            )
            for link, answer in zip(links, answers, strict=True)
            if answer is not None
        ]

    # -- leaving

    async def close(self) -> None:
        """Let go of everything; what runs goes on, and a later engine finds it again."""
        self._watches.close()
        self._pool.close()
        await self._tasks.stop()

    async def shut_down(self) -> None:
        """Have every fork server leave after its last job, then close."""
        for link in self._pool.links:
            self._pool.retire(link)
        await self.close()
