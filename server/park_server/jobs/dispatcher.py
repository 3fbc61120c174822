"""From the queue to the engine and back: starts jobs as slots come free, settles their ends.

A job is started only in an environment whose own manifest bears the lock hash that the job
is bound to, and which is whole: `EnvironmentKeeper.ready` says so before every start. A
start is committed before the engine hears of it. A slot is free again when the process has
ended, so that the end of one job and the start of the next share a commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from park.model.ids import JobId
from park.model.states import JobKind
from park_repo.database import Batch, Database
from park_server.bus import Bus, start_of
from park_server.disk import Disk, is_of_disk
from park_server.jobs import job_rows
from park_server.jobs.admission.engine_loads import loads_of
from park_server.jobs.admission.engine_queues import EngineQueues, engines_of
from park_server.jobs.admission.room import Room, cores_of, engine_of
from park_server.jobs.alarms import Alarms
from park_server.jobs.attempts.exits import AttemptExits
from park_server.jobs.attempts.remarks import remarks_on
from park_server.jobs.attempts.starts import AttemptStarts, NotCreated, StartWithCreation
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.needs import Planned
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.engines.engine import AttemptExit, Engine, StartOrder
from park_server.jobs.engines.expected_times import ExpectedTimes
from park_server.jobs.engines.queue_view import Load
from park_server.jobs.failures.failsafe import Failsafe
from park_server.jobs.failures.guarded_steps import GuardedSteps
from park_server.jobs.folder import JobFolders
from park_server.jobs.limits.run_limits import Limits
from park_server.jobs.memo.run_notes import RunNotes
from park_server.jobs.queue import Queue
from park_server.jobs.run import Run, recovered_run
from park_server.jobs.seams import ReadyEnvironments
from park_server.jobs.stored_job import StoredJob
from park_server.jobs.turns import turn_rows
from park_server.jobs.turns.lanes import Ahead
from park_server.jobs.turns.turns import Turns
from park_server.tasks import Tasks

__all__ = ["Dispatcher"]

_log = logging.getLogger("park.jobs")

CANCEL_GRACE_S = 10.0
"""Seconds between SIGTERM and SIGKILL: enough to write a last file, short enough to wait for."""

_AGAIN_S = 1.0
"""Until the next look at a queue that could not be read."""


class Dispatcher:
    """The queues of a service and the room of its engines; a `Sink` of those.

    All methods belong to the event loop. ``read_only`` are folders that jobs may not write to,
    ``base_url`` is the URL of this service; by ``turns`` its users get slots. ``room`` is that of
    its engines.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        environments: ReadyEnvironments,
        folders: JobFolders,
        engine: Engine,
        runtime_hash: str,
        room: Room,
        settlement: Settlement,
        commits: Commits,
        failsafe: Failsafe,
        disk: Disk,
        base_url: str = "",
        read_only: tuple[Path, ...] = (),
        run_notes: RunNotes | None = None,
        turns: Turns | None = None,
        expected: ExpectedTimes | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._folders = folders
        self._engine = engine
        self._room = room
        self._read_only = read_only
        self._commits = commits
        self._turns = turns or Turns()
        self.expected = expected or ExpectedTimes()
        self._starts = AttemptStarts(
            database=database,
            environments=environments,
            folders=folders,
            settlement=settlement,
            commits=commits,
            disk=disk,
            runtime_hash=runtime_hash,
            base_url=base_url,
            turns=self._turns,
            takes_calls=engine.takes_calls,
        )
        self._exits = AttemptExits(
            folders=folders,
            settlement=settlement,
            commits=commits,
            failsafe=failsafe,
            disk=disk,
            run_notes=run_notes,
            expected=self.expected,
        )
        self._alarms = Alarms()
        self._starting: set[JobId] = set()
        self._runs: dict[JobId, Run] = {}
        self._competing: set[JobId] = set()
        self._tasks = Tasks(_log, "a step of a job failed")
        self._steps = GuardedSteps(self._tasks, failsafe, let_go=self.let_go)
        self._limits = Limits(
            folders=folders, engine=engine, end=self._end_by_limit, grace_s=CANCEL_GRACE_S
        )
        self._queues = EngineQueues(
            room.engines,
            self._new_queue,
            lambda jobs: database.read(partial(engines_of, ids=jobs)),
        )
        commits.subscribe(self._after_commit)

    def pid_of(self, job: JobId) -> int | None:
        """Return the process of ``job``, or None where it has none."""
        return run.pid if (run := self._runs.get(job)) else None

    def slots(self) -> tuple[int, int]:
        """Return how many slots are taken, and how many there are; from any thread."""
        return self._room.slots()

    def loads(self) -> dict[str, Load]:
        """Return how many jobs run and wait for each engine."""
        return loads_of(self._room, self._queues.length, self._runs.values())

    def ahead_of(self, job: JobId, user: str) -> Ahead | None:
        """Return how many jobs come before ``job`` of ``user`` in the queue; from any thread."""
        return self._queues.ahead_of(job, user)

    def look_again(self) -> None:
        """Start what may start now that users may have more than before."""
        self._turns.reconsider()
        self._dispatch()

    def running(self) -> Sequence[Run]:
        """Return the attempts that run."""
        return list(self._runs.values())

    def remarks(self, job: StoredJob) -> list[str]:
        """Return what is to be said of how ``job`` was started and how it goes; in a thread."""
        return remarks_on(job, self._engine)

    def stop_for_room(self, job: JobId, why: str) -> None:
        """Stop a job that takes too much of the disk: it fails for the reason ``why``."""
        if (run := self._runs.get(job)) is not None and run.no_room is None:
            run.no_room = why
            self._steps.do(job, partial(self._engine.cancel, job, 0.0))

    def _end_by_limit(self, job: JobId) -> None:
        self._steps.do(job, partial(self._engine.cancel, job, CANCEL_GRACE_S))

    def expect_stop(self, job: JobId) -> None:
        """Take it that ``job`` is asked to stop: its attempt is the last one, however it exits."""
        if (run := self._runs.get(job)) is not None:
            run.stop_requested = True

    async def recover(self, running: Iterable[StoredJob]) -> None:
        """Take up the attempts of ``running`` that an earlier service started."""
        self._turns.resume(self._database.read(turn_rows.accounts))
        for job in running:
            try:
                self._recover(job)
            except Exception as error:  # noqa: BLE001 (one job stops no start)
                self._steps.fail(job.id, error)
        await self._engine.recover([self._order(run) for run in self._runs.values()], self)
        for name, run in list(self._runs.items()):
            if run.cancel_requested:
                self._tasks.spawn(self.cancel(name))

    def _new_queue(self, engine: str) -> Queue:
        """Return a queue for ``engine``; users take turns where slots are counted."""
        turns = self._turns if engine == self._room.shared else self._turns.beside()
        return Queue(self._database, turns.lanes, unreadable=self._steps.fail)

    def _recover(self, job: StoredJob) -> None:
        call = self._database.read(partial(job_rows.call_of, job=job.id))
        run = self._runs[job.id] = recovered_run(job, call)
        asked = run.job.resources
        self._room.take(run.id, asked)
        self._turns.found(run.user, run.id, cores_of(asked), in_turn=self._room.is_shared(asked))
        if self._room.is_counted(asked):
            self._limits.resume(run)

    def enqueue(self, jobs: Iterable[JobId], users: Mapping[JobId, str] | None = None) -> None:
        """Queue ``jobs``, whose state says so, and start what there is room for."""
        self._queues.add(jobs, users)
        self._dispatch()

    def _after_commit(self, effects: Effects) -> None:
        if effects.competing:
            self._competing |= effects.competing
        if self._competing:
            self._competing.difference_update(effects.ended)
        if effects.urgent:  # they hold what others wait for
            self._queues.add_first(effects.urgent, effects.users)
            self._dispatch()
        if effects.queued:
            self.enqueue(effects.queued, effects.users)
        for retry in effects.retries:
            if retry.kind is JobKind.CALL:
                self._alarms.at(retry.not_before, partial(self.enqueue, [retry.job]))

    async def cancel(self, job: JobId) -> None:
        """End a job that was found running; returns when its processes are gone, or it ends so."""
        if (run := self._runs.get(job)) is None:
            return
        run.cancel_requested = True
        await self._steps.cancel(job, partial(self._engine.cancel, job, CANCEL_GRACE_S))

    async def stop(self) -> None:
        """Start nothing more; what runs goes on by itself and is found again."""
        self._alarms.stop()
        self._queues.clear()
        for run in self._runs.values():
            run.stop_timers()
        await self._tasks.stop()
        self._folders.close()

    def _dispatch(self) -> None:
        for engine in self._room.engines:
            while not self._room.is_full(engine):
                queued = self._next(engine)
                if queued is None:
                    break
                job = queued.id
                if job not in self._starting and job not in self._runs:
                    self._take(queued)
                    self._steps.do(job, partial(self._start, queued))

    def _fits(self, queued: job_rows.Queued) -> bool:
        """Tell whether what a job asks for is free; where not, nobody overtakes it."""
        is_here = queued.id in self._starting or queued.id in self._runs
        return is_here or self._room.fits(queued.request.resources)

    def _take(self, queued: job_rows.Queued) -> None:
        """Have a job take what it asks for, and start."""
        job, asked = queued.id, queued.request.resources
        self._starting.add(job)
        self._room.take(job, asked)
        self._turns.took(queued.user, job, cores_of(asked), in_turn=self._room.is_shared(asked))

    def _free(self, job: JobId) -> None:
        """Have what ``job`` holds free again, which runs no more, or never did."""
        self._starting.discard(job)
        self._room.free(job)
        self._turns.gave_back(job)

    def _next(self, engine: str) -> job_rows.Queued | None:
        """Return the next job to start; where the queue cannot be read, look again later."""
        try:
            return self._queues.next(engine, self._fits)
        except Exception as error:  # noqa: BLE001 (nothing starts any more where this raises)
            if not (is_full := is_of_disk(error)):
                _log.exception("the queue could not be read")
            again = self._dispatch if is_full else self._steps.catch_up
            asyncio.get_running_loop().call_later(_AGAIN_S, again)
            return None

    def start_with(self, user: str, new: Iterable[Planned], batch: Batch) -> set[JobId]:
        """Start what can start at once of jobs whose creation is in ``batch``.

        So both share a commit. Only where a slot is free, nobody waits, the environment is
        known to be whole, and there are no input files; returns the ids of those that it took.
        """
        taken: set[JobId] = set()
        for plan in new:
            asked = plan.request.resources
            if not self._queues.is_empty(engine_of(asked, self._room.engines[0])):
                continue
            environment = self._starts.environment_at_hand(plan.request)
            is_here = plan.id in self._starting or plan.id in self._runs
            queued = job_rows.Queued(user=user, request=plan.request)
            may_start = not is_here and self._turns.may_start(user) and self._fits(queued)
            if environment is not None and may_start:
                self._take(queued)
                start = self._starts.with_creation(queued, environment, batch)
                self._steps.do(plan.id, partial(self._start_created, start))
                taken.add(plan.id)
        return taken

    async def _start_created(self, start: StartWithCreation) -> None:
        job = start.queued.id
        run = None
        try:
            run = await self._starts.created(start)
        except NotCreated:  # whoever submitted hears of it from the creation
            # it is there, where only its start failed
            self._queues.add([job], {job: start.queued.user})
        except OSError as error:
            if not is_of_disk(error):
                raise
            await self._put_back(job)
            return
        await self._launch_if_begun(job, run)

    async def _put_back(self, job: JobId) -> None:
        effects = await self._starts.put_back(job)
        self._free(job)  # first: what follows may be that it starts again
        self._commits.publish(effects)

    async def _start(self, queued: job_rows.Queued) -> None:
        await self._launch_if_begun(queued.id, await self._starts.begin(queued))

    async def _launch_if_begun(self, job: JobId, run: Run | None) -> None:
        if run is not None:
            await self._launch(run)
        else:
            self._free(job)
            self._dispatch()

    async def _launch(self, run: Run) -> None:
        """Hand a committed attempt to the engine.

        No pause before: a cancel that finds it running in the database finds it there, too.
        """
        job = run.id
        self._starting.discard(job)
        self._runs[job] = run
        if self._room.is_counted(run.job.resources):  # else it waits in a queue elsewhere
            self._limits.expect(run)
        self._bus.publish(start_of(job))
        await self._engine.start(self._order(run), self)

    def _order(self, run: Run) -> StartOrder:
        return run.order(self._folders.path_of(run.id), self._read_only)

    def on_started(self, job: JobId, attempt: int, pid: int) -> None:
        """See `Sink`."""
        if (run := self._runs.get(job)) is not None and run.attempt == attempt:
            run.pid = pid

    def on_begun(self, job: JobId, attempt: int, since: float) -> None:
        """See `Sink`."""
        if (run := self._runs.get(job)) is not None and run.attempt == attempt:
            self._limits.begin(run, since)

    def on_marked(self, job: JobId, attempt: int) -> None:
        """See `Sink`."""
        if (run := self._runs.get(job)) is not None and run.attempt == attempt:
            try:
                self._limits.watch_marked(run)
            except Exception as error:  # noqa: BLE001 (an engine is no place for it)
                self._steps.fail(job, error)

    def on_exited(self, exited: AttemptExit) -> None:
        """See `Sink`. An exit that is reported twice (by folder and fork server) counts once."""
        run = self._runs.get(exited.job_id)
        if run is not None and run.attempt == exited.attempt:
            del self._runs[exited.job_id]
            run.stop_timers()
            settle = partial(self._exits.settle, run, exited)
            if run.id in self._competing:
                settle = partial(self._settle_before_others, run.id, settle)
                self._starting.add(run.id)
            else:
                self._free(run.id)
            self._steps.do(run.id, settle)
            self._dispatch()

    async def _settle_before_others(
        self, job: JobId, settle: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Keep the slot until the exit is settled: whoever has lost the race must not take it."""
        await settle()
        self._free(job)
        self._dispatch()

    def let_go(self, job: JobId) -> None:
        """Free the slot of a job for which a step raised, and try once more to end what runs."""
        self._free(job)
        if (run := self._runs.pop(job, None)) is not None:
            run.stop_timers()
            self._tasks.spawn(self._engine.cancel(job, CANCEL_GRACE_S))
        self._dispatch()
