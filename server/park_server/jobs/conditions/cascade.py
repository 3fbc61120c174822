"""One change and what follows from it, level by level, in one transaction.

What follows may be a cascade of thousands, and nobody should wait for all of that: a change looks
at so many jobs, notes what is left in the database, and `pieces.settling_on` goes on there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from park.model.conditions import At, Before, Expression, Leaf, Pool, evaluate, leaves
from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park.model.truth import Truth, Verdict
from park_server.db.blocks import each_readable, in_blocks
from park_server.jobs import job_rows, waiting_rows
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.facts import JobFact, elided
from park_server.jobs.conditions.need_rows import Waiter
from park_server.jobs.conditions.needs import Need
from park_server.jobs.conditions.pools import claim
from park_server.jobs.conditions.recall import Judged, Memory, Recalled
from park_server.jobs.conditions.spreading.odd_conditions import why_unsettled
from park_server.jobs.conditions.spreading.who_waits import awaited_among, few_waiters
from park_server.jobs.conditions.tally import Tally
from park_server.jobs.conditions.verdicts import Verdicts
from park_server.jobs.conditions.writer_cache import WriterCache
from park_server.jobs.job_end import JobEnd
from park_server.jobs.together.turning_points import complete_all
from park_server.jobs.unsettled import unsettled_rows

__all__ = ["Cascade"]


@dataclass(kw_only=True, slots=True)
class _Level:
    """What the waiting jobs of one level come to."""

    missing: dict[str, int] = field(default_factory=dict)
    ready: list[Waiter] = field(default_factory=list)
    cancelled: list[tuple[Waiter, str]] = field(default_factory=list)


class Cascade:
    """A change in progress; ``races`` are those of which something may be decided now.

    ``left`` is at how many more jobs it may look.
    """

    def __init__(
        self, connection: Connection, cache: WriterCache, now: datetime, *, most: int
    ) -> None:
        self.connection = connection
        self.left = most
        self.effects = Effects()
        self.verdicts = Verdicts(
            connection, reports=cache.reports, pool=cache.pools.verdict_of, now=now, user=None
        )
        self.races: dict[JobId, Waiter] = {}
        self.now = now
        self._cache = cache
        self._pools_moved = False
        self._expressions: dict[JobId, Expression] = {}

    def finish(self) -> Effects:
        """Give out what is free of the pools; return what is to follow the commit."""
        if self._pools_moved:
            self._cache.touch()
            self._cache.pools.serve(self._is_served)
        return self.effects

    def open_pools(self, order: Sequence[JobId]) -> None:
        """Have units given out again; those who wait for some stand as ``order`` says."""
        self._cache.pools.open(order)
        self._pools_moved = True

    def spread(self, changed: Iterable[str], *, counting: bool = True) -> None:
        """Settle what waits for the jobs or installs ``changed``, whose facts are known.

        Without ``counting`` that is no end, and nothing to those that count ends.
        """
        names = set(changed)
        while names:
            found = few_waiters(self.connection, names, most=self.left, counting=counting)
            if found is None:
                self.defer(names)
                return
            self.left -= len(found)
            level = _Level()
            for waiter, needed in found:
                self._look(waiter, needed, level)
            names, counting = self._written(level), True

    def defer(self, changed: Iterable[str]) -> None:
        """Leave to further changes what waits for the jobs or installs ``changed``."""
        if awaited := awaited_among(self.connection, changed):
            unsettled_rows.add_changed(self.connection, awaited)
            self.effects.unsettled = True

    def recount(
        self, found: Iterable[tuple[Waiter, set[str]]], needs: Mapping[str, Sequence[Need]]
    ) -> set[str]:
        """Settle jobs as `look` does, which may have been looked at before; return who ended.

        Who counts has all that he needs in ``needs``, and is counted from the beginning: what has
        ended since was perhaps counted when he was made.
        """
        level = _Level()
        for waiter, changed in found:
            self._look(waiter, changed, level, needs.get(waiter.id))
        return self._written(level)

    def look(self, waiters: Iterable[tuple[Waiter, set[str]]]) -> None:
        """Settle waiting jobs, each with what changed of what it needs, and what follows."""
        level = _Level()
        for some in in_blocks(waiters):
            self._read_ahead([waiter.id for waiter, _ in some if waiter.pending is None])
            for waiter, changed in some:
                self._look(waiter, changed, level)
        self.spread(self._written(level))

    def _read_ahead(self, jobs: Sequence[JobId]) -> None:
        """Read at once what `tally` asks for one by one: at a start, all that waits is new."""
        unknown = [job for job in jobs if self._cache.tally(job) is None]
        if len(unknown) > 1:
            # what cannot be read is found out where it is looked at, and is that job's end
            self._expressions = dict(
                each_readable(
                    unknown,
                    lambda some: need_rows.expressions_of(self.connection, some).items(),
                )[0]
            )
            self.verdicts.load(
                leaf for expression in self._expressions.values() for leaf in leaves(expression)
            )

    def schedule(
        self,
        waiters: Sequence[Waiter],
        *,
        staged: bool = False,
        judged: Mapping[str, Judged] | None = None,
    ) -> set[str]:
        """Queue jobs whose conditions are true, once that is here which they refer to.

        But for those that are answered with what the same call left: they end, and are
        returned. ``judged`` is what was found out for that.
        """
        names = [waiter.id for waiter in waiters]
        elsewhere = set() if staged else need_rows.referring_elsewhere(self.connection, names)
        self.effects.staging.extend(name for name in names if name in elsewhere)
        here = [waiter for waiter in waiters if waiter.id not in elsewhere]
        recalled = self._recall(here, judged or {})
        held = elsewhere | recalled.held
        ready: list[tuple[Waiter, dict[str, int] | None]] = []
        for waiter in here:
            if waiter.id in held:
                continue
            if self._needs_units(waiter):
                self._pools_moved = True
            else:
                ready.append((waiter, None))
        waiting_rows.count_down(
            self.connection,
            {each.id: 0 for each in waiters if each.id in held and each.pending is not None},
        )
        self._queue(ready)
        return self.answer(recalled.answered)

    def _recall(self, waiters: Sequence[Waiter], judged: Mapping[str, Judged]) -> Recalled:
        """Return what the memory of calls says of jobs that may start."""
        calls = [waiter.id for waiter in waiters if waiter.kind is JobKind.CALL]
        recalled = self._cache.memory.recall(self.connection, calls, judged)
        self.effects.undecided.extend(JobId(job) for job in recalled.undecided)
        return recalled

    def answer(self, answered: Mapping[str, JobId]) -> set[str]:
        """End waiting jobs with what the same call left before; return their ids."""
        if answered:
            self._cache.memory.answer(self.connection, answered)
            self.have_ended(need_rows.job_facts(self.connection, answered).values())
        return set(answered)

    def have_ended(self, facts: Collection[JobFact]) -> None:
        """Note jobs that are written as ended; what waits for them is settled by `spread`."""
        self.verdicts.know(*facts)
        for fact in facts:
            self.ended(fact.id)

    def cancel(self, cancelled: Sequence[tuple[Waiter, str]]) -> set[str]:
        """Cancel waiting jobs, each with its cause; return their ids."""
        waiting_rows.cancel_waiting(
            self.connection, [(waiter.id, waiter.user, elided(why)) for waiter, why in cancelled]
        )
        for waiter, why in cancelled:
            self.verdicts.know(JobFact.at_end(waiter, JobState.CANCELLED, elided(why)))
            self.ended(waiter.id)
        return {waiter.id for waiter, _ in cancelled}

    @property
    def memory(self) -> Memory:
        """What remembers calls."""
        return self._cache.memory

    def end(self, job: JobId, end: JobEnd) -> None:
        """Write how ``job`` ends; what waits for it is settled by `spread`."""
        changed = job_rows.end(self.connection, job, end)
        self.ended(job, changed.pools)
        self.verdicts.know(JobFact.at_end(changed, end.status, end.error))

    def complete(self, ends: Mapping[JobId, JobEnd]) -> None:
        """Write that jobs have completed, whose ends are plain, as `end` does of one."""
        for each in complete_all(self.connection, ends):
            self.ended(each.id, each.pools)
            self.verdicts.know(JobFact.at_end(each, JobState.COMPLETED, None))

    def forget(self, job: JobId) -> None:
        """Look at the condition of ``job`` anew the next time: it is another one now."""
        self._cache.touch()
        self._cache.forget(job)

    def ended(self, job: JobId, units: dict[str, int] | None = None) -> None:
        """Note that ``job`` has ended, which held ``units`` of pools."""
        self.effects.ended.append(job)
        self._cache.forget(job)
        if job in self._cache.remote:
            self.effects.releasing.append(job)
        if units:
            self._cache.touch()
            self._cache.pools.give_back(job)
            self._pools_moved = True

    def tally(self, job: JobId, changed: Iterable[str] = ()) -> Tally:
        """Return what is missing for ``job``, after ``changed`` changed."""
        tally = self._cache.tally(job)
        if tally is None:
            expression = self._expressions.pop(job, None)
            if expression is None:
                stored = job_rows.get(self.connection, job)
                expression = need_rows.expression_of(self.connection, stored)
            return self.build(job, expression)
        self._cache.touch()
        for subject in changed:
            for leaf in tally.about(subject):
                tally.decide(leaf, self.verdicts.of(leaf, job).truth)
        return tally

    def build(self, job: JobId, expression: Expression) -> Tally:
        """Look at the whole condition of ``job``, and remember what is missing."""
        found = list(leaves(expression))
        self.verdicts.load(found)
        tally = Tally(expression, self.verdicts.within(job))
        self._cache.keep(job, tally)
        moments = {leaf.moment for leaf in found if isinstance(leaf, (At, Before))}
        self.effects.later.extend((moment, job) for moment in moments if moment > self.now)
        return tally

    # -- one level

    def _look(
        self, waiter: Waiter, changed: set[str], level: _Level, needs: Sequence[Need] | None = None
    ) -> None:
        """Look at one job; where its condition cannot be read, that is its end, and no other's.

        ``needs`` are all that it has, where ``changed`` may have been counted before.
        """
        try:
            if waiter.pending is None:
                self._weigh(waiter, changed, level)
            elif needs is not None:
                self._recount(waiter, waiter.pending, needs, changed=changed, level=level)
            else:
                self._count(waiter, waiter.pending, changed, level)
        except Exception as error:  # noqa: BLE001 (whatever a row holds)
            level.cancelled.append((waiter, why_unsettled(waiter, error)))

    def _recount(
        self,
        waiter: Waiter,
        pending: int,
        needs: Sequence[Need],
        *,
        changed: set[str],
        level: _Level,
    ) -> None:
        """Count from the beginning; where that is what was counted, nothing is to be written."""
        left = self.verdicts.missing(needs)
        verdicts = [self.verdicts.completed(needed).truth for needed in changed]
        if left != pending or Truth.NEVER in verdicts:
            self._count(waiter, left + verdicts.count(Truth.TRUE), changed, level)

    def _count(self, waiter: Waiter, pending: int, changed: set[str], level: _Level) -> None:
        verdicts = [self.verdicts.completed(needed) for needed in sorted(changed)]
        against = [verdict for verdict in verdicts if verdict.truth is Truth.NEVER]
        if against:
            level.cancelled.append((waiter, against[0].why))
            return
        left = pending - sum(verdict.truth is Truth.TRUE for verdict in verdicts)
        if left <= 0:
            level.ready.append(waiter)
        elif left < pending:
            level.missing[waiter.id] = left

    def _weigh(self, waiter: Waiter, changed: set[str], level: _Level) -> None:
        tally = self.tally(waiter.id, changed)
        if waiter.kind is JobKind.RACE:
            if tally.truth is not Truth.NOT_YET:
                self.races[waiter.id] = waiter
        elif tally.truth is Truth.TRUE:
            self._weigh_units(waiter, tally.expression, level)
        elif tally.truth is Truth.NEVER:
            verdict = evaluate(tally.expression, self.verdicts.within(waiter.id))
            level.cancelled.append((waiter, verdict.why))

    def _written(self, level: _Level) -> set[str]:
        """Write what a level came to; return the jobs that it has ended."""
        waiting_rows.count_down(self.connection, level.missing)
        answered = self.schedule(level.ready) if level.ready else set()
        return answered | self.cancel(level.cancelled)

    # -- pools

    def _weigh_units(self, waiter: Waiter, expression: Expression, level: _Level) -> None:
        """Decide on a job whose condition is true, as far as each pool by itself can say.

        What asks for more than all units together must not queue for them, since it would
        keep them from everybody else. It waits on for what is undecided beside them, if that
        can help.
        """
        sizes = self._cache.pools.sizes
        within = self.verdicts.within(waiter.id)
        names_none = not any(isinstance(leaf, Pool) for leaf in leaves(expression))
        if names_none or claim(expression, self._holds(waiter.id), sizes) is not None:
            level.ready.append(waiter)
        elif claim(expression, lambda part: _is_possible(part, within), sizes) is None:
            level.cancelled.append((waiter, self._cache.pools.excess(expression)))

    def _needs_units(self, waiter: Waiter) -> bool:
        """Tell whether ``waiter`` has to hold units of pools; it waits for them then."""
        if waiter.pending is not None:  # a plain conjunction names none
            return False
        expression = self.tally(waiter.id).expression
        if not any(isinstance(leaf, Pool) for leaf in leaves(expression)):
            return False
        if claim(expression, self._holds(waiter.id), {}) is not None:  # it holds without any
            return False
        self._cache.pools.queue(waiter.id, waiter.user, expression)
        return True

    def _is_served(self, job: JobId) -> bool:
        waiter = need_rows.waiter(self.connection, job)
        if waiter is None:
            return True
        try:
            return self._takes_units(waiter)
        except Exception as error:  # noqa: BLE001 (as where it is looked at)
            self.spread(self.cancel([(waiter, why_unsettled(waiter, error))]))
            return True

    def _takes_units(self, waiter: Waiter) -> bool:
        job = waiter.id
        again = self._cache.memory.look_again(self.connection, job)
        if again.held:
            self.spread(self.answer(again.answered))
            return True
        expression = self.tally(job).expression
        units = claim(expression, self._holds(job), self._cache.pools.free)
        if units is None:
            return False
        self._cache.pools.take(job, waiter.user, units)
        self._queue([(waiter, units)])
        return True

    def _holds(self, job: JobId) -> Callable[[Expression], bool]:
        verdict_of = self.verdicts.within(job)
        return lambda part: evaluate(part, verdict_of).truth is Truth.TRUE

    def _queue(self, ready: Sequence[tuple[Waiter, dict[str, int] | None]]) -> None:
        waiting_rows.queue_waiting(
            self.connection,
            [
                (waiter.id, waiter.user, units or None, None if waiter.pending is None else 0)
                for waiter, units in ready
            ],
        )
        for waiter, units in ready:
            self._cache.forget(waiter.id)
            self.effects.queue(waiter.id, waiter.kind, waiter.user, urgent=bool(units))


def _is_possible(part: Expression, verdict_of: Callable[[Leaf], Verdict]) -> bool:
    return evaluate(part, verdict_of).truth is not Truth.NEVER
