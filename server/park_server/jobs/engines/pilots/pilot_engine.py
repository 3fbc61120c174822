"""The engine of pilots: the folders of jobs are its truth, Parsl's word is only a hint.

A driver beside the service holds Parsl, and outlives the service. Whatever goes, a worker, a
pilot, the interchange, the driver: each attempt that was under way is looked for in its folder.
What nobody has claimed never starts any more, and runs again; what runs is followed to its end;
what is gone is told so.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from park.errors import ParkError
from park.model.ids import JobId
from park.runtime import processes
from park.runtime.folder import write_record
from park.runtime.lines import LineSocket
from park_server.jobs.engines.engine import AttemptExit, ExitKind, NothingForked, Sink, StartOrder
from park_server.jobs.engines.evidence import (
    Evidence,
    claim_for_service,
    exit_of,
    finished_evidence,
    is_large,
    never_started,
    read_evidence,
)
from park_server.jobs.engines.offers import EngineOffer
from park_server.jobs.engines.pilots.driver_link import (
    DriverLink,
    DriverSettings,
    found,
    spawned,
)
from park_server.jobs.engines.pilots.pilot_order import GIVEN_BACK, PilotOrders
from park_server.tasks import Tasks

__all__ = ["SILENT_S", "PilotEngine", "is_over"]

_log = logging.getLogger("park.jobs")

_LOOK_S = 0.5
"""Between two looks at the folders of jobs: whoever ends meanwhile is told of by Parsl."""

_LOOKED_AT = 256
"""How many of those that wait for a worker are looked at: the first ones are the next to start."""

_OVERTAKEN_S = 60.0
"""Since when later ones have begun, before one that has not is ordered once more: a worker that is
killed while it takes a task may take it along, of which nobody tells."""

_HELLO_S = 15.0
"""How long the driver of an earlier service may take to answer: it may be importing."""

SILENT_S = 60.0
"""Without a sign of life for so long, an attempt on another machine is lost."""

_WIND_DOWN_S = 15.0
"""The same for one that has written its outcome: its last steps may take a while."""

_KILL_TIMEOUT_S = 10.0


@dataclass(kw_only=True, slots=True, eq=False)
class _Job:
    """An attempt that has not exited.

    ``why`` its folder alone tells of it, None: Parsl does. ``is_back``: it was ordered once more,
    since the worker that had it has given it back, or took it along. ``heard`` is when there was a
    sign of life, ``beat`` which. ``overtaken`` is when a later order was first seen to have begun.
    """

    order: StartOrder
    sink: Sink
    why: str | None = None
    has_begun: bool = False
    is_marked: bool = False
    is_back: bool = False
    beat: float = 0.0
    heard: float = field(default_factory=time.monotonic)
    number: int = 0
    overtaken: float | None = None
    exited: asyncio.Event = field(default_factory=asyncio.Event)


class PilotEngine(NothingForked):
    """Implements `OfferingEngine`. All methods belong to one event loop, but `offer`."""

    takes_calls = True

    def __init__(
        self, name: str, *, folder: Path, orders: PilotOrders, settings: DriverSettings
    ) -> None:
        self._name = name
        self._folder = folder
        self._orders = orders
        self._settings = settings
        self._jobs: dict[JobId, _Job] = {}
        self._link: DriverLink | None = None
        self._found: DriverLink | None = None
        self._capacity: tuple[int, int] | None = None
        self._orders_taken = self._last_begun = 0
        self._tasks = Tasks(_log, "a step with a job on a pilot failed")
        self._follower: asyncio.Task[None] | None = None

    def offer(self) -> EngineOffer:
        """See `OfferingEngine`."""
        workers, pilots = self._capacity or (None, 0)
        return EngineOffer(
            name=self._name, is_cluster=True, is_pilots=True, workers=workers, pilots=pilots
        )

    def remark(self, job_id: JobId) -> str | None:
        """Return that a job waits for a worker, or is followed without one."""
        job = self._jobs.get(job_id)
        if job is None or job.has_begun:
            return None
        return job.why or "waits for a worker of a pilot"

    # -- starting

    async def start(self, order: StartOrder, sink: Sink) -> None:
        """See `Engine.start`."""
        job = self._taken(order, sink)
        try:
            told = self._orders.told(order)
            link = self._driver()
        except OSError as error:
            self._exit(job, never_started(order, f"cannot start it: {error}"))
        except ParkError as error:
            self._exit(job, never_started(order, f"cannot start it: {error.message}"))
        else:
            link.send(do="start", **told)

    def _taken(self, order: StartOrder, sink: Sink) -> _Job:
        self._orders_taken += 1
        job = _Job(order=order, sink=sink, number=self._orders_taken)
        self._jobs[order.job_id] = job
        if self._follower is None:
            self._follower = asyncio.create_task(self._follow())
        return job

    def _driver(self) -> DriverLink:
        """Return the link to the driver, which is started where there is none."""
        if self._link is None:
            self._link = self._linked(LineSocket(spawned(self._folder, self._settings)))
        return self._link

    def _linked(self, line: LineSocket) -> DriverLink:
        link = DriverLink(
            folder=self._folder, line=line, on_message=self._heard, on_gone=self._gone
        )
        link.open()
        return link

    # -- what the driver says

    def _heard(self, message: dict[str, Any]) -> None:
        if message["event"] == "capacity":
            self._capacity = message["workers"], message["pilots"]
            return
        job = self._jobs.get(message.get("job", ""))
        if job is None or job.order.attempt != message["attempt"] or job.why is not None:
            return
        if message["event"] != "ended":
            self._lost(job, message.get("why") or "its pilot")
        elif is_large(job.order):
            self._tasks.spawn(self._finish_later(job, message))
        else:
            self._exit(job, _exit_by(job.order, message))

    async def _finish_later(self, job: _Job, ended: dict[str, Any]) -> None:
        self._exit(job, await asyncio.to_thread(_exit_by, job.order, ended))

    def _gone(self, link: DriverLink) -> None:
        """Follow all jobs by their folders: the driver is gone, and with it what Parsl knew."""
        self._link = self._capacity = None
        never_was = link.hello.result() is None and link is not self._found
        why = f"the driver of its pilots: {link.last_words()}" if never_was else "its pilots"
        _log.warning("the driver of the pilots is gone; %d jobs are looked for", len(self._jobs))
        for job in self._jobs.values():
            if job.why is None:
                self._lost(job, why, is_hopeless=never_was)

    def _lost(self, job: _Job, why: str, *, is_hopeless: bool = False) -> None:
        job.why = why
        job.heard = time.monotonic()
        self._tasks.spawn(self._look_for(job, is_hopeless=is_hopeless))

    async def _look_for(self, job: _Job, *, is_hopeless: bool = False) -> None:
        """Find out by the folder of a job how far its attempt came."""
        order = job.order
        if await asyncio.to_thread(claim_for_service, order):
            kind = ExitKind.EXITED if is_hopeless else ExitKind.NEVER_STARTED
            detail = f"it did not start: {job.why}" if is_hopeless else f"lost before it: {job.why}"
            self._exit(job, replace(never_started(order, detail), kind=kind))
            return
        await self._look_at(job)

    # -- following

    async def _follow(self) -> None:
        """Look now and then at jobs that nobody has told of for a while."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await self._look()
            except Exception:  # noqa: BLE001 (jobs are followed, whatever there is in one)
                _log.exception("jobs on pilots could not be followed, and are looked at again")

    async def _look(self) -> None:
        """Look at what runs, or is followed, and at those that are the next to begin."""
        jobs = list(self._jobs.values())
        for job in [job for job in jobs if job.has_begun or job.why is not None]:
            await self._look_at(job)
        wanted = [j for j in jobs if not (j.has_begun and j.is_marked)][:_LOOKED_AT]
        for job, names in zip(wanted, await asyncio.to_thread(_listed, wanted), strict=True):
            if not job.exited.is_set():
                self._note(job, names)
                self._take_back(job, names)
        for job in [each for each in wanted if not each.exited.is_set()]:
            self._order_overtaken(job)

    def _note(self, job: _Job, names: set[str]) -> None:
        """Tell that a job has begun, or has said how it wants to be treated."""
        order = job.order
        if f"attempt-{order.attempt}" in names and not job.has_begun:
            job.has_begun = True
            self._last_begun = max(self._last_begun, job.number)
            job.sink.on_begun(order.job_id, order.attempt, time.time())
        if "marks.json" in names and not job.is_marked:
            job.is_marked = True
            job.sink.on_marked(order.job_id, order.attempt)

    def _take_back(self, job: _Job, names: set[str]) -> None:
        """Order a job again that is given back: should it have been begun, its claim is taken."""
        if f"{GIVEN_BACK}{job.order.attempt}" in names and self._waits(job):
            self._order_again(job)

    def _order_overtaken(self, job: _Job) -> None:
        """Order a job again that others have overtaken for long: its task may be gone."""
        if not self._waits(job) or job.number > self._last_begun:
            return
        if job.overtaken is None:
            job.overtaken = time.monotonic()
        if time.monotonic() - job.overtaken >= _OVERTAKEN_S:
            self._order_again(job)

    def _waits(self, job: _Job) -> bool:
        """Tell whether nobody has begun a job that was ordered once, and Parsl is to tell of it."""
        return not (job.is_back or job.has_begun or job.why is not None)

    def _order_again(self, job: _Job) -> None:
        job.is_back = True
        try:
            self._driver().send(do="start", again=True, **self._orders.told(job.order))
        except (OSError, ParkError) as error:
            self._lost(job, f"a worker that gave it back ({error})")

    async def _look_at(self, job: _Job) -> None:
        """Report the exit of a followed job, once it is known that nothing of it runs."""
        evidence, beat = await asyncio.to_thread(_left, job.order)
        now = time.monotonic()
        if beat != job.beat:
            job.beat, job.heard = beat, now
        if is_over(evidence, processes.boot_id(), silent_s=now - job.heard):
            exited = exit_of(job.order, evidence)
            if exited.kind is ExitKind.LOST:
                exited = replace(exited, detail=f"{job.why or 'its pilot'}, and {exited.detail}")
            self._exit(job, exited)

    def _exit(self, job: _Job, exited: AttemptExit) -> None:
        if not job.exited.is_set():
            if exited.kind is not ExitKind.NEVER_STARTED:
                self._last_begun = max(self._last_begun, job.number)
            self._jobs.pop(job.order.job_id, None)
            job.exited.set()
            job.sink.on_exited(exited)

    # -- cancelling

    async def cancel(self, job_id: JobId, grace_s: float) -> None:
        """See `Engine.cancel`: a worker looks for the wish in the folder of its job."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        order = job.order
        if await asyncio.to_thread(claim_for_service, order):
            self._exit(job, never_started(order, "cancelled before it started"))
            return
        wish = {"attempt": order.attempt, "grace": grace_s}
        await asyncio.to_thread(write_record, f"{order.directory}/cancel.json", wish)
        if job.why is not None:
            await self._end_followed(order)
        await job.exited.wait()

    async def _end_followed(self, order: StartOrder) -> None:
        evidence = await asyncio.to_thread(read_evidence, order)
        if evidence.reuse and evidence.has_told:
            return  # its process may have another job by now
        owner = evidence.owner
        if owner is not None and owner.is_alive():
            await asyncio.to_thread(processes.end_session, owner.pid, _KILL_TIMEOUT_S)

    # -- recovering

    async def recover(self, orders: Sequence[StartOrder], sink: Sink) -> None:
        """See `Engine.recover`: the driver may be there still, and tells what it has.

        Nobody waits for that: it may be importing, and what it is sent meanwhile waits for it.
        """
        jobs = [self._taken(order, sink) for order in orders]
        connection = found(self._folder)
        if connection is None:
            self._lose(jobs)
        else:
            link = self._link = self._found = self._linked(LineSocket(connection))
            self._tasks.spawn(self._greeted(link, jobs))

    async def _greeted(self, link: DriverLink, jobs: Sequence[_Job]) -> None:
        """Look for those of ``jobs`` that the driver has not; for all, where it does not answer."""
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(link.hello), _HELLO_S)
        hello = link.hello.result() if link.hello.done() else None
        if hello is not None:
            running = {(each["job"], each["attempt"]) for each in hello["running"]}
            self._lose(j for j in jobs if (j.order.job_id, j.order.attempt) not in running)
        elif self._link is link:
            link.close()
            self._link = None
            self._lose(list(self._jobs.values()))  # those too that it was sent since

    def _lose(self, jobs: Iterable[_Job]) -> None:
        for job in jobs:
            if job.why is None and not job.exited.is_set():
                self._lost(job, "its pilots")

    async def close(self) -> None:
        """See `Engine.close`: the driver leaves after its last job, unless a service comes back."""
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)
            self._follower = None
        await self._tasks.stop()
        if self._link is not None:
            self._link.send(do="leave")
            self._link.close()
            self._link = None


def _exit_by(order: StartOrder, ended: dict[str, Any]) -> AttemptExit:
    """Return how an attempt exited that announced its end, or was seen to end."""
    if ended["finished"]:
        return exit_of(order, finished_evidence(order))
    return exit_of(order, replace(read_evidence(order), exit=ended))


def is_over(evidence: Evidence, boot: str, *, silent_s: float) -> bool:
    """Tell whether nothing runs any more of an attempt that nobody follows but by its folder.

    ``boot`` is that of this machine, where a process can be asked for; on another, one that gave
    no sign of life for ``silent_s`` long enough is taken for gone. So it is here, once it has
    told its end, where its process may have another job by now; unless it has told that too.
    """
    if evidence.owner is None or evidence.exit is not None or evidence.is_done:
        return True
    if evidence.owner.boot == boot:
        if not evidence.owner.is_alive():
            return True
        if not (evidence.reuse and evidence.has_told):
            return False
    return silent_s >= (_WIND_DOWN_S if evidence.has_told else SILENT_S)


def _left(order: StartOrder) -> tuple[Evidence, float]:
    try:
        beat = os.lstat(order.directory / "beat").st_mtime
    except OSError:
        beat = 0.0
    return read_evidence(order), beat


def _listed(jobs: Sequence[_Job]) -> list[set[str]]:
    return [_names_in(job.order.directory) for job in jobs]


def _names_in(folder: Path) -> set[str]:
    try:
        return {*os.listdir(folder)}  # noqa: PTH208 (many, and often)
    except OSError:
        return set()
