"""The jobs of a service, from their submission to their end; event-driven, never polling.

What is acknowledged is committed. A transition wakes only what waits for it, so what a job
costs does not grow with the number of jobs. `Settlement` decides what follows a transition,
in its transaction; `Dispatcher` and `FetchQueue` run what may start, and end it; and
`OutsideEvents` brings what happens elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from park.errors import ParkError, UnknownItem
from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park.wire import JobRecord, JobRequest, PoolRecord, QueueRecord
from park_repo.database import Database
from park_server.bus import EVERYTHING, Bus
from park_server.db.blocks import each_readable
from park_server.disk import Disk
from park_server.jobs import job_rows, job_view
from park_server.jobs.admission.arrivals import Arrivals
from park_server.jobs.admission.group_commit import Creations
from park_server.jobs.admission.intake import Intake
from park_server.jobs.admission.submission import Accepted, Submission
from park_server.jobs.commits import Commits
from park_server.jobs.conditions import need_rows, run_rows
from park_server.jobs.conditions.creation import just_answered, just_created
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.explain import Explainer
from park_server.jobs.conditions.needs import Planned
from park_server.jobs.conditions.settlement import POOLS, Settlement
from park_server.jobs.dispatcher import CANCEL_GRACE_S, Dispatcher
from park_server.jobs.engines.offers import EngineFacts
from park_server.jobs.engines.queue_view import queue_records
from park_server.jobs.failures.failsafe import Failsafe
from park_server.jobs.failures.unreadable_rows import made_readable
from park_server.jobs.fetch_queue import FetchQueue
from park_server.jobs.folder import JobFolders
from park_server.jobs.job_end import JobEnd
from park_server.jobs.job_view import JobFilter
from park_server.jobs.reading.accepted_jobs import answers_of, ends_of, is_much
from park_server.jobs.reading.listed_jobs import ListedJob, listed_jobs
from park_server.jobs.reading.single_looks import Looked, SingleLooks
from park_server.jobs.seams import Peers, Reach
from park_server.jobs.stopping.stopper import Stopper
from park_server.quotas.quotas import Quotas
from park_server.quotas.usage_rows import unfinished
from park_server.threads import in_thread, in_thread_of

__all__ = ["Scheduler"]

T = TypeVar("T")


class Scheduler:
    """The jobs of a service. All methods belong to the event loop, but those for any thread."""

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        folders: JobFolders,
        settlement: Settlement,
        commits: Commits,
        failsafe: Failsafe,
        dispatcher: Dispatcher,
        fetch_queue: FetchQueue,
        stopper: Stopper,
        peers: Peers,
        disk: Disk,
        reach: Reach,
        engines: EngineFacts,
        quotas: Quotas,
        look_ahead: Callable[[str, Sequence[Planned], datetime], Awaitable[bool]],
        holds_shipped: Callable[[], bool],
        seal: Callable[[str], str],
        give_account: Callable[[str], Awaitable[None]],
    ) -> None:
        self._database = database
        self._bus = bus
        self._folders = folders
        self._settlement = settlement
        self._commits = commits
        self._failsafe = failsafe
        self._dispatcher = dispatcher
        self._fetch_queue = fetch_queue
        self._stopper = stopper
        self._peers = peers
        self._disk = disk
        self._engines = engines
        self._quotas = quotas
        self._intake = Intake(
            database=database,
            settlement=settlement,
            reach=reach,
            engines=engines,
            quotas=quotas,
            holds_shipped=holds_shipped,
            seal=seal,
            expected=dispatcher.expected,
        )
        self._arrivals = Arrivals(
            database=database,
            commits=commits,
            failsafe=failsafe,
            intake=self._intake,
            tally=quotas.tally,
        )
        self._creations = Creations(
            database=database,
            intake=self._intake,
            failsafe=failsafe,
            start_with=dispatcher.start_with,
        )
        self._looks = SingleLooks(database, bus)
        self._look_ahead = look_ahead
        self._give_account = give_account
        commits.subscribe(self._after_commit)

    async def resume(self) -> None:
        """Take up what a stopped service left: running jobs first, then the queue."""
        # the reader and the writer at once: each goes through all that waits
        left, odd = await asyncio.gather(
            in_thread(self._database.read, unfinished), self._commits.write(made_readable)
        )
        self._quotas.tally.take_up(left)
        for user in left:
            await self._give_account(user)
        for job, why in odd:
            await self._failsafe.end(job, JobEnd(status=JobState.FAILED, error=why))
        calls, fetches = (
            self._database.read(partial(run_rows.with_processes, kind=kind))
            for kind in (JobKind.CALL, JobKind.FETCH)
        )
        running, unreadable = each_readable(
            calls, lambda some: self._database.read(lambda c: job_rows.stored(c, some))
        )
        for job, error in unreadable.items():
            await self._failsafe.failed(job, error)
        await self._dispatcher.recover(running)
        self._stopper.resume(running)
        self._fetch_queue.enqueue(fetches)
        await self._failsafe.take_up()
        await self._arrivals.resume()

    async def rest(self) -> None:
        """Take no more of large submissions: what is accepted becomes jobs at the next start."""
        await self._arrivals.tasks.stop()

    async def discard(self, user: str) -> None:
        """Let nothing more become jobs that ``user`` has sent: he may not submit any longer."""
        await self._arrivals.discard(user)

    # -- submission

    def planned(self, user: str, requests: Sequence[JobRequest], *, size: int = 0) -> Submission:
        """Return ``requests`` of ``user``, which came as ``size`` bytes, checked; in any thread."""
        return self._intake.planned(user, requests, size=size)

    async def submit(self, user: str, requests: Sequence[JobRequest]) -> list[JobRecord]:
        """Accept jobs as `planned`, `accept` and `submitted` do.

        Of these only the second has to be in the event loop.
        """
        accepted = await self.accept(user, self.planned(user, requests))
        if self.takes_time(user, accepted):
            return await in_thread_of(user, self.submitted, user, accepted)
        return self.submitted(user, accepted)

    async def accept(self, user: str, submission: Submission) -> Accepted:
        """Accept jobs, all or none; they are committed when this returns.

        Raises `OverLimit` where their user may not have so many.
        """
        await self._give_account(user)
        looks_answered = await self._look_ahead(user, submission.plans, submission.accepted)
        if not submission.is_large:
            return await self._accept(user, submission, self._creations.accept)
        accept = partial(self._arrivals.accept, looks_answered=looks_answered)
        # once it is written down it becomes jobs, whatever becomes of the request
        return await self._arrivals.tasks.run(self._accept(user, submission, accept))

    async def _accept(
        self,
        user: str,
        submission: Submission,
        accept: Callable[[str, Submission], Awaitable[Accepted]],
    ) -> Accepted:
        async with self._quotas.admission(user, submission.ids, size=submission.size) as new:
            accepted = await accept(user, submission)
            new.keep(accepted.created.states)
        return accepted

    def submitted(self, user: str, accepted: Accepted) -> list[JobRecord]:
        """Return the records of ``accepted``, in any thread.

        An id that was known already is answered with the job that has it.
        """
        created, moment = accepted.created, accepted.moment
        ended = ends_of(self._database, user, accepted)
        files = answers_of(self._database, accepted)
        return [
            ended[plan.id]
            if plan.id in ended
            else just_answered(plan, created.answered[plan.id], moment, files.get(plan.id, ()))
            if plan.id in created.answered
            else just_created(plan, created.states[plan.id], moment)
            if plan.id in created.states and plan.id not in created.changed
            else self.record(plan.id, user)
            for plan in accepted.submission.plans
        ]

    def takes_time(self, user: str, accepted: Accepted) -> bool:
        """Tell whether `submitted` is more than an event loop should do."""
        return accepted.submission.is_large or is_much(self._database, user, accepted)

    # -- reading

    def record(self, job: JobId, user: str) -> JobRecord:
        """Return the job as it is now, in any thread: there may be much of it."""
        return self._alive(self._database.read(lambda c: job_view.record(c, job, user)))

    def run_of(self, job: JobId) -> JobId:
        """Return whose run left the logs of ``job``; raises `UnknownItem` where that is gone."""
        run = self._database.read(lambda c: run_rows.run_of(c, job))
        if run != job and not self._database.read(lambda c: job_rows.stored(c, [run])):
            raise UnknownItem(
                f"the logs of job {job} are those of job {run}, which was removed",
                hint=f"what it left is there: park result {job}",
            )
        return run

    def _alive(self, record: JobRecord) -> JobRecord:
        """Return ``record`` with what only this process and the job's folder know."""
        job = JobId(record.id)
        if record.attempt == 0 and record.kind is JobKind.CALL:
            if not record.status.is_final:
                return replace(record, progress=self.progress({job: record.status}).get(job))
            run = self._database.read(lambda c: run_rows.run_of(c, job))
            return replace(record, progress=self._folders.progress(run))
        pid = self._dispatcher.pid_of(job)
        remark = self._engines.remark(job) or self._peers.remark(job) or None
        return replace(self._folders.with_progress(record), pid=pid, remark=remark)

    def progress(self, jobs: Mapping[JobId, str]) -> dict[JobId, dict[str, Any]]:
        """Return the newest progress of those ``jobs`` (by state) that go on, with its age."""
        runs = self._database.read(lambda c: run_rows.going_on(c, jobs))
        found = {job: self._folders.aged_progress(run) for job, run in runs.items()}
        return {job: report for job, report in found.items() if report is not None}

    def listed(self, user: str, wanted: JobFilter, *, limit: int) -> Iterator[ListedJob]:
        """Yield the newest ``limit`` jobs of ``user``, newest first; in any thread.

        With progress are those that go on: of the others nobody asks how far they are.
        """
        return listed_jobs(self._database, user, wanted, limit=limit, alive=self._going_on)

    def _going_on(self, found: Sequence[JobRecord]) -> list[JobRecord]:
        progress = self.progress({JobId(record.id): record.status for record in found})
        pid_of = self._dispatcher.pid_of
        named = ((each, JobId(each.id)) for each in found)
        return [replace(each, progress=progress.get(job), pid=pid_of(job)) for each, job in named]

    def explainer(self) -> Explainer:
        """Return what explains jobs; for one request."""
        return self._settlement.explainer(
            slots=self._dispatcher.slots,
            ahead_of=self._dispatcher.ahead_of,
            elsewhere=self._peers,
            held_up=lambda: self._disk.remark,
            remarks=self._dispatcher.remarks,
            last_report_s=self._folders.report_age_s,
        )

    def slots(self) -> tuple[int, int]:
        """Return how many slots are taken, and how many there are."""
        return self._dispatcher.slots()

    def pools(self) -> list[PoolRecord]:
        """Return the pools of the service, by name."""
        return self._settlement.pool_records()

    def queues(self) -> list[QueueRecord]:
        """Return the engines of the service, with their partitions and load."""
        return queue_records(self._engines.offers(), self._dispatcher.loads())

    async def wait(self, job: JobId, user: str, timeout_s: float) -> JobRecord:
        """Return the job when it is final, or when the time is up: of 0 s as it is now.

        Without its files where there is much of it, which `look` has.
        """
        return (await self.look(job, user, timeout_s, lambda *_: None)).record

    async def look(
        self, job: JobId, user: str, timeout_s: float, read: Callable[[Connection, JobRecord], T]
    ) -> Looked[T]:
        """Do what `wait` does, and ``read`` what there is of the job, at the same moment."""
        found = await self._looks.when_final(job, user, timeout_s, read)
        return replace(found, record=self._alive(found.record))

    def look_again(self) -> None:
        """Start what may start now that users may have more than before."""
        self._dispatcher.look_again()

    # -- cancelling

    async def cancel(
        self, job: JobId, user: str, *, dependents: bool = False, unless_needed: bool = False
    ) -> JobRecord:
        """Cancel ``job``, with ``dependents`` all that needs it; return it when it has ended.

        With ``unless_needed`` it is left alone where another job here needs it.

        Its processes, and theirs, are gone then. Where the service fails at it, that is how
        ``job`` ends.
        """
        self._database.read(lambda c: job_rows.status_of(c, job, user))
        ending = await self._cancel_dependents(job) if dependents and not unless_needed else []
        found = None
        try:
            found = await self._database.awrite(
                lambda c: self._settlement.cancel(c, job, unless_needed=unless_needed)
            )
        except (ParkError, SQLAlchemyError):
            raise
        except Exception as error:  # noqa: BLE001 (it may be committed, and must be acted upon)
            running: Iterable[JobId] = {job, *self._database.read(job_rows.to_be_cancelled)}
            await self._failsafe.failed(job, error)
        else:
            running = found.running
            await self._failsafe.act_on(found.effects)
        await asyncio.gather(*ending, *(self._stopper.end(each) for each in running))
        self._bus.publish(job)
        if found is not None and found.left:
            return await self.wait(job, user, 0)
        return await self.wait(job, user, timeout_s=CANCEL_GRACE_S)

    async def _cancel_dependents(self, job: JobId) -> list[asyncio.Task[None]]:
        """Cancel all that needs ``job``, the last first: none starts for the end of another.

        Returns what ends those that run; ``job`` is not to wait for them.
        """
        read = partial(need_rows.with_dependents, job=job)
        names = await in_thread(self._database.read, read)
        cancel = partial(self._settlement.cancel_with, head=job, leaving=frozenset(names))
        return await self._stopper.begin_to_end(names[:0:-1], cancel)

    async def cancel_all(self, jobs: Sequence[JobId], why: str) -> None:
        """Cancel ``jobs`` of whomever in this order, who are told ``why``; they are gone then."""
        await self._stopper.end_all(jobs, partial(self._settlement.cancel_all, why=why))

    async def stop(
        self, job: JobId, user: str, *, grace_s: float, unless_needed: bool = False
    ) -> JobRecord:
        """Ask ``job`` to stop and to keep its best, and kill it if it goes on for ``grace_s``.

        Returns when it is asked; one that does not run, or is a fetch, has ended then.
        """
        self._database.read(lambda c: job_rows.status_of(c, job, user))
        stop_by = datetime.now(UTC) + timedelta(seconds=grace_s)
        found = await self._commits.write(
            lambda c: self._settlement.stop(c, job, stop_by, unless_needed=unless_needed)
        )
        await self._failsafe.act_on(found.effects)
        await asyncio.gather(*(self._stopper.end(each) for each in found.running))
        self._bus.publish(job)
        return await self.wait(job, user, 0)

    # -- after a commit

    def _after_commit(self, effects: Effects) -> None:
        self._quotas.tally.drop(effects.ended)
        for job in effects.watching:
            self._peers.follow(job)
        for job in effects.staging:
            self._peers.stage(job)
        for race in effects.ordering:
            self._peers.order(race)
        for job in effects.releasing:
            self._peers.release(job)
        self._announce(effects)

    def _announce(self, effects: Effects) -> None:
        """Wake who waits for jobs, for pools, or for the next event of the log."""
        if effects.queued or effects.urgent or effects.fetches or effects.retries:
            self._bus.publish(EVERYTHING)
        for job in (*effects.ended, *effects.decided):
            self._bus.publish(job)
        if effects.ended:
            self._bus.publish(POOLS)
