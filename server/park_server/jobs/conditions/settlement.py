"""What follows when a job ends, starts or reports, in the transaction in which it does.

So no crash can lose a wake-up, and an event costs what waits for it. Plain conjunctions,
which most conditions are, keep a count in their row; others are kept as a `Tally` in
memory, made anew from the rows where it is missing.

All methods but those about pools run in the thread that writes to the database, and return
what is to be done once the change is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from park.model.conditions import Pool
from park.model.ids import JobId
from park.model.references import What
from park.model.states import JobKind, JobState
from park.model.truth import Truth, Verdict
from park.wire import InstallRecord, PoolRecord
from park_repo.database import Database
from park_server.jobs import job_rows, waiting_rows
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.beginning import (
    Beginnings,
    beginnings,
    fact_of,
    first_look,
)
from park_server.jobs.conditions.cancelling import (
    Cancelling,
    ask_to_stop,
    cancel,
    cancel_all,
    cancel_with,
)
from park_server.jobs.conditions.cascade import Cascade
from park_server.jobs.conditions.creation import Created, write
from park_server.jobs.conditions.effects import Effects, Unread
from park_server.jobs.conditions.explain import Elsewhere, Explainer
from park_server.jobs.conditions.facts import InstallFact
from park_server.jobs.conditions.need_rows import Waiter
from park_server.jobs.conditions.needs import Planned
from park_server.jobs.conditions.pieces.settling_on import settle_anew, settle_on
from park_server.jobs.conditions.pools import Pools
from park_server.jobs.conditions.progress_log import Reports
from park_server.jobs.conditions.race.settling import fail_race, finished, look_again
from park_server.jobs.conditions.recall import Judged, Memory
from park_server.jobs.conditions.shared_runs import SharedRuns
from park_server.jobs.conditions.writer_cache import WriterCache
from park_server.jobs.job_end import JobEnd
from park_server.jobs.races.race_rows import competing, needed_by_others, with_orders
from park_server.jobs.stored_job import StoredJob
from park_server.jobs.turns.lanes import Ahead
from park_server.jobs.unsettled import unsettled_rows

__all__ = ["POOLS", "Cancelling", "Settlement"]

_READ_AT_ONCE = 100_000
"""Characters of conditions in one transaction: some 50 ms, in which no other one is made."""

_LOOKED_AT = 200
"""Waiting jobs in one change: some 50 ms, in which no other one is made."""

POOLS = "pools"
"""The subject under which the `Bus` tells that units of pools may be free."""


class Settlement:
    """Settles what waits; ``pools`` are sizes by name, ``folder_of`` tells a job's folder.

    One change looks at about ``most`` of what waits for others, and leaves more to `settle_on`.
    """

    def __init__(
        self,
        *,
        database: Database,
        folder_of: Callable[[JobId], Path],
        pools: Mapping[str, int] | None = None,
        memory: Memory | None = None,
        most: int = _LOOKED_AT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pools = Pools(pools or {})
        self._folder_of = folder_of
        self._cache = WriterCache(
            database.engine, pools=self._pools, reports=Reports(folder_of), memory=memory
        )
        self._memory = self._cache.memory
        self._runs = SharedRuns(self._memory)
        self._most = most
        self._now = now
        self._unread: Unread | None = None

    def explainer(
        self,
        *,
        slots: Callable[[], tuple[int, int]],
        ahead_of: Callable[[JobId, str], Ahead | None],
        elsewhere: Elsewhere,
        held_up: Callable[[], str],
        remarks: Callable[[StoredJob], Sequence[str]],
        last_report_s: Callable[[JobId], float | None],
    ) -> Explainer:
        """Return what explains jobs, for any one thread; see there."""
        return Explainer(
            pools=self._pools,
            reports=Reports(self._folder_of),
            slots=slots,
            ahead_of=ahead_of,
            elsewhere=elsewhere,
            held_up=held_up,
            remarks=remarks,
            last_report_s=last_report_s,
        )

    def pool_records(self) -> list[PoolRecord]:
        """Return the pools and what is taken of them; from any thread."""
        return self._pools.records()

    def pool_verdict(self, pool: Pool) -> Verdict:
        """Return whether the service has that many, whoever holds them; from any thread."""
        return self._pools.verdict_of(pool)

    def pool_units_free(self) -> Mapping[str, int]:
        """Return the free units of each pool; from any thread."""
        return self._pools.free

    def resume(self, connection: Connection) -> Effects:
        """Take up what a stopped service left, but for conditions: see `Effects.unread`."""
        self._cache.is_stale = True
        awaited = need_rows.awaited(connection)
        cascade = self._begin(connection, awaited)
        settle_anew(cascade, [install.id for install in awaited.ended_installs])
        cascade.spread(cascade.schedule(need_rows.with_nothing_missing(connection)))
        effects = finished(cascade)
        effects.watching.extend(need_rows.undecided_elsewhere(connection))
        self._cache.remote.update(effects.watching)
        effects.progress |= awaited.progress
        effects.competing |= competing(connection)
        effects.ordering.extend(with_orders(connection))
        effects.unsettled = unsettled_rows.is_any(connection)
        for job, has_ended in need_rows.holding_grants(connection):
            self._cache.remote.add(job)
            if has_ended:
                effects.releasing.append(job)
        return effects

    def read_on(self, connection: Connection, jobs: Sequence[JobId]) -> tuple[Effects, int]:
        """Look at the conditions of some of ``jobs``, the first ones; return how many these are.

        Whatever happens to a job before is settled from its rows, so nothing waits for this but
        what nobody tells of: moments, units of pools, and what was true before a stop.
        """
        cascade = self._begin(connection)
        some = need_rows.few_enough(connection, jobs, _READ_AT_ONCE)
        cascade.look((waiter, set()) for waiter in need_rows.waiting_among(connection, some))
        return finished(cascade), len(some)

    def all_read(self, connection: Connection, unread: Unread) -> Effects:
        """Give out units of pools, where ``unread`` is the newest: all who wait are known."""
        cascade = self._begin(connection)
        if unread is self._unread:
            cascade.open_pools(unread.jobs)
        return finished(cascade)

    def settle_on(self, connection: Connection, most: int | None = None) -> Effects:
        """Settle the next piece of what earlier changes have left: see `Effects.unsettled`."""
        cascade = self._begin(connection)
        cascade.left = most or cascade.left
        settle_on(cascade)
        effects = finished(cascade)
        effects.unsettled = unsettled_rows.is_any(connection)
        return effects

    def create(
        self, connection: Connection, user: str, plans: Sequence[Planned], submitted: str
    ) -> Created:
        """Write new jobs, all or none; raises `UnknownItem` for a job that none can need."""
        cascade = self._begin(connection)
        return self._written(cascade, self._beginnings(cascade, user, plans, submitted))

    def answer(
        self, connection: Connection, user: str, plans: Sequence[Planned], submitted: str
    ) -> Created | None:
        """Write new jobs as `create` does, where none of them has to run; else write nothing."""
        cascade = self._begin(connection)
        new = self._beginnings(cascade, user, plans, submitted)
        return self._written(cascade, new) if new.are_answered else None

    def _beginnings(
        self, cascade: Cascade, user: str, plans: Sequence[Planned], submitted: str
    ) -> Beginnings:
        return beginnings(cascade, user, plans, submitted, memory=self._memory, now=self._now())

    def _written(self, cascade: Cascade, new: Beginnings) -> Created:
        connection, recalled, held = cascade.connection, new.recalled, new.recalled.held
        written = {each.id: each for each in write(connection, new.user, new.jobs, new.submitted)}
        created = [new.plans[job] for job in written]
        self._memory.keep(connection, recalled, written)
        need_rows.write(connection, created)
        waiters: list[tuple[Waiter, set[str]]] = []
        for plan in created:
            self._note(plan, cascade.effects)
            job = written[plan.id]
            if job.state is JobState.QUEUED:
                cascade.effects.queue(plan.id, plan.kind, new.user)
            elif plan.id not in held and (look := first_look(cascade, new.user, plan, job.pending)):
                waiters.append(look)
        initially = {*cascade.effects.queued, *cascade.effects.fetches}
        cascade.look(waiters)
        cascade.effects.undecided.extend(JobId(job) for job in recalled.undecided)
        answered = {job: each for job, each in written.items() if each.source is not None}
        self._memory.copy(connection, recalled.answered)
        ended = [new.plans[job] for job in answered]
        cascade.have_ended([fact_of(plan, new.user, JobState.COMPLETED) for plan in ended])
        cascade.spread(answered)
        effects = finished(cascade)
        moved = {*effects.queued, *effects.urgent, *effects.fetches} - initially | {*effects.ended}
        return Created(
            states={job: each.state for job, each in written.items()},
            changed=frozenset(moved - answered.keys()),
            effects=effects,
            answered=answered,
        )

    def end(self, connection: Connection, job: JobId, end: JobEnd) -> Effects:
        """Write how ``job`` ended, and settle what waited for that."""
        return self.end_all(connection, [(job, end)])

    def end_all(self, connection: Connection, ends: Sequence[tuple[JobId, JobEnd]]) -> Effects:
        """Write how jobs ended, all or none, and settle what waited for any of them."""
        cascade = self._begin(connection)
        self._runs.end_all(cascade, ends)
        return finished(cascade)

    def requeue(self, connection: Connection, job: JobId) -> Effects:
        """Queue ``job`` again, whose attempt is over, and which may run again."""
        cascade = self._begin(connection)
        if not self._runs.dissolve(cascade, job):
            job_rows.requeue(connection, job)
            cascade.effects.queued.append(job)
        return finished(cascade)

    def retry(
        self, connection: Connection, job: JobId, error: str, not_before: datetime
    ) -> Effects:
        """Queue ``job`` again, which failed with ``error``, for the moment ``not_before``."""
        cascade = self._begin(connection)
        if self._runs.of(cascade, job).is_carried:
            self._runs.end_all(cascade, [(job, JobEnd(status=JobState.FAILED, error=error))])
        else:
            cascade.effects.retries.append(job_rows.retry(connection, job, error, not_before))
        return finished(cascade)

    def started(self, connection: Connection, jobs: Collection[JobId]) -> Effects:
        """Settle what waited for the start of any of ``jobs``, which is written already."""
        awaited = self._cache.starts.intersection(jobs)
        self._cache.starts -= awaited
        return self.progressed(connection, awaited) if awaited else Effects()

    def progressed(self, connection: Connection, jobs: Collection[JobId]) -> Effects:
        """Settle what waited for a report of any of ``jobs``."""
        cascade = self._begin(connection)
        cascade.spread(jobs, counting=False)
        return finished(cascade)

    def install_ended(self, connection: Connection, install: InstallRecord) -> Effects:
        """Settle what waited for ``install``; what is queued is bound to its lock."""
        cascade = self._begin(connection)
        cascade.verdicts.know(InstallFact.of(install))
        cascade.spread([install.id])
        return finished(cascade)

    def look(self, connection: Connection, job: JobId) -> Effects:
        """Look at the whole condition of ``job`` again: a moment that it names has come."""
        cascade = self._begin(connection)
        waiter = need_rows.waiter(connection, job)
        if waiter is not None:
            self._cache.forget(job)
            cascade.look([(waiter, set())])
        return finished(cascade)

    def leaf_decided(
        self, connection: Connection, job: JobId, position: int, verdict: Verdict
    ) -> Effects:
        """Write the verdict of another service on a leaf of ``job``, and settle it."""
        cascade = self._begin(connection)
        is_news = need_rows.decide_remote(connection, job, position, verdict)
        waiter = need_rows.waiter(connection, job)
        if waiter is None or not is_news:
            return finished(cascade)
        if waiter.pending is None:
            self._cache.forget(job)
            cascade.look([(waiter, set())])
        elif verdict.truth is Truth.NEVER:
            cascade.spread(cascade.cancel([(waiter, verdict.why)]))
        elif waiter.pending > 1:
            waiting_rows.count_down(connection, {job: waiter.pending - 1})
        else:
            cascade.spread(cascade.schedule([waiter]))
        return finished(cascade)

    def judged(self, connection: Connection, judged: Mapping[str, Judged]) -> Effects:
        """Answer jobs with what the same call left before, or have them run."""
        cascade = self._begin(connection)
        found = (need_rows.waiter(connection, JobId(job)) for job in judged)
        waiters = [each for each in found if each is not None]
        cascade.spread(cascade.schedule(waiters, staged=True, judged=judged))
        return finished(cascade)

    def staged(self, connection: Connection, job: JobId) -> Effects:
        """Queue ``job``: all that it refers to elsewhere is here now."""
        cascade = self._begin(connection)
        waiter = need_rows.waiter(connection, job)
        if waiter is not None and waiter.kind is JobKind.RACE:
            look_again(cascade, waiter)
        elif waiter is not None:
            cascade.spread(cascade.schedule([waiter], staged=True))
        return finished(cascade)

    def cannot_stage(self, connection: Connection, job: JobId, why: str) -> Effects:
        """Cancel ``job``: what it refers to elsewhere cannot be had."""
        cascade = self._begin(connection)
        waiter = need_rows.waiter(connection, job)
        if waiter is not None and waiter.kind is JobKind.RACE:
            fail_race(cascade, waiter, why)
        elif waiter is not None:
            cascade.spread(cascade.cancel([(waiter, why)]))
        return finished(cascade)

    def cancel(
        self, connection: Connection, job: JobId, *, unless_needed: bool = False
    ) -> Cancelling:
        """Cancel ``job``; with ``unless_needed`` see `Scheduler.cancel`."""
        cascade = self._begin(connection)
        if unless_needed and needed_by_others(connection, [job], "", None):
            return Cancelling(effects=finished(cascade), left=True)
        running = cancel(cascade, job)
        return Cancelling(effects=finished(cascade), running=running)

    def cancel_with(
        self, connection: Connection, some: Sequence[JobId], head: JobId, leaving: AbstractSet[str]
    ) -> Cancelling:
        """Cancel ``some`` of the jobs that need ``head``, which are all ``leaving``."""
        running = cancel_with(cascade := self._begin(connection), some, head, leaving)
        return Cancelling(effects=finished(cascade), running=running)

    def cancel_all(self, connection: Connection, jobs: Sequence[JobId], why: str) -> Cancelling:
        """Cancel all of ``jobs``, whatever needs them; ``why`` is told their users."""
        running = cancel_all(cascade := self._begin(connection), jobs, why)
        return Cancelling(effects=finished(cascade), running=running)

    def stop(
        self, connection: Connection, job: JobId, stop_by: datetime, *, unless_needed: bool = False
    ) -> Cancelling:
        """Ask ``job`` to stop and to keep its best, until ``stop_by``; else as `cancel`."""
        cascade = self._begin(connection)
        if unless_needed and needed_by_others(connection, [job], "", None):
            return Cancelling(effects=finished(cascade), left=True)
        running = ask_to_stop(cascade, job, stop_by)
        return Cancelling(effects=finished(cascade), running=running)

    # -- parts

    def _begin(self, connection: Connection, awaited: need_rows.Awaited | None = None) -> Cascade:
        """Return a change; where the cache is stale, what waits is to be looked at anew."""
        cascade = Cascade(connection, self._cache, self._now(), most=self._most)
        if self._cache.is_stale:
            self._cache.clear()
            self._pools.reset(job_rows.units_held(connection))
            self._cache.starts |= (awaited or need_rows.awaited(connection)).starts
            self._unread = Unread(need_rows.evaluated(connection))
            if self._unread.jobs:
                cascade.effects.unread = self._unread
            else:
                cascade.open_pools(())
        return cascade

    def _note(self, plan: Planned, effects: Effects) -> None:
        """Note what is to be heard of because of ``plan``."""
        job = plan.id
        for needed, service, how in plan.needs:
            if how == need_rows.STARTED and not service:
                self._cache.starts.add(JobId(needed))
            elif how == What.PROGRESS and not service:
                effects.progress.add(JobId(needed))
            elif plan.kind is JobKind.RACE and not service:
                effects.competing.add(JobId(needed))
        if plan.remote:
            effects.watching.append(job)
        if plan.remote or plan.request.grants:
            self._cache.remote.add(job)
