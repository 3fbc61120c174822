"""New jobs before they are written: the state in which each begins, and what is looked at first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from park.errors import UnknownItem
from park.model.ids import JobId
from park.model.states import JobState
from park.model.truth import Truth
from park_server.clock import text_of
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.cascade import Cascade
from park_server.jobs.conditions.creation import NewJob, absent
from park_server.jobs.conditions.facts import InstallFact, JobFact
from park_server.jobs.conditions.need_rows import Waiter
from park_server.jobs.conditions.needs import Planned
from park_server.jobs.conditions.recall import Memory, NewCall, Recalled

__all__ = [
    "Beginnings",
    "beginnings",
    "fact_of",
    "first_look",
    "require_what_is_needed",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Needed:
    """The facts of what new jobs need of this service, by id."""

    jobs: Mapping[str, JobFact]
    installs: Mapping[str, InstallFact]


def require_what_is_needed(
    connection: Connection, user: str, plans: Sequence[Planned], among: Collection[str]
) -> Needed:
    """Return the facts of what ``plans`` need here, ``among`` jobs that are submitted with them.

    Raises `UnknownItem` for what is not here, or is another's.
    """
    wanted = {needed for plan in plans for needed, service, _ in plan.needs if not service}
    jobs = need_rows.job_facts(connection, wanted)
    rest = wanted - jobs.keys() - set(among)
    named = {install for plan in plans for install in plan.installs}
    installs = need_rows.install_facts(connection, named) if named else {}
    foreign = {fact.id for fact in jobs.values() if fact.user != user}
    if unknown := sorted((rest - installs.keys()) | foreign):
        raise UnknownItem(
            f"no job {unknown[0]} on this service, which another one needs",
            hint="submit what is needed before, or in the same request",
        )
    return Needed(jobs=jobs, installs=installs)


def _know_what_is_needed(cascade: Cascade, user: str, plans: Sequence[Planned]) -> None:
    """Read the facts of all that ``plans`` need here; raises `UnknownItem`."""
    if not any(plan.needs for plan in plans):
        return
    found = require_what_is_needed(cascade.connection, user, plans, {plan.id for plan in plans})
    jobs = found.jobs
    cascade.verdicts.know(*jobs.values(), *found.installs.values())
    for plan in plans:
        if plan.id not in jobs:
            cascade.verdicts.know(fact_of(plan, user, JobState.WAITING))


def fact_of(plan: Planned, user: str, status: JobState) -> JobFact:
    """Return what is known of a new job, which nobody has started."""
    return JobFact(
        id=plan.id,
        user=user,
        kind=plan.kind,
        entry_point=plan.request.entry_point,
        status=status,
        attempt=0,
        label=plan.label,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginnings:
    """New ``jobs`` of ``user`` before they are written, each in the state in which it is left."""

    user: str
    submitted: str
    jobs: Sequence[NewJob]
    plans: Mapping[JobId, Planned]
    recalled: Recalled

    @property
    def are_answered(self) -> bool:
        """Whether each of them ends at once with what another left."""
        return all(job.source is not None for job in self.jobs)


def beginnings(
    cascade: Cascade,
    user: str,
    plans: Sequence[Planned],
    submitted: str,
    *,
    memory: Memory,
    now: datetime,
) -> Beginnings:
    """Return the jobs of ``plans`` that are not known yet, as what is remembered leaves them.

    Those that it answers have ended ``now``. Raises `UnknownItem` for what none can need.
    """
    _know_what_is_needed(cascade, user, plans)
    by_id = {plan.id: plan for plan in reversed(plans)}
    new = absent(cascade.connection, [_new_job(cascade, plan) for plan in by_id.values()][::-1])
    asked = [_call_of(cascade, by_id[each.id], each) for each in new]
    recalled = memory.begin(cascade.connection, user, asked, submitted)
    held, moment = recalled.held, text_of(now)
    return Beginnings(
        user=user,
        submitted=submitted,
        jobs=[_placed(each, recalled, held, moment) for each in new],
        plans=by_id,
        recalled=recalled,
    )


def _call_of(cascade: Cascade, plan: Planned, new: NewJob) -> NewCall:
    """Return what a memory of calls is asked of a new job."""
    missing = None if plan.shape is None else _missing(cascade, plan, new)
    return NewCall(plan, plan.request.lock_hash or new.lock_hash, missing)


def _missing(cascade: Cascade, plan: Planned, new: NewJob) -> frozenset[str] | None:
    """Return what ``new`` waits for, where that is that jobs of this service complete."""
    if new.state is JobState.QUEUED:
        return frozenset()
    if not plan.is_plain or any(service for _, service, _ in plan.needs):
        return None
    completed = cascade.verdicts.completed
    return frozenset(
        needed for needed, _, _ in plan.needs if completed(needed).truth is not Truth.TRUE
    )


def _placed(new: NewJob, recalled: Recalled, held: Collection[str], moment: str) -> NewJob:
    """Return a new job in the state in which it is left by what was ``recalled`` at ``moment``.

    Who is ``held`` waits for nothing but what is found out of its call.
    """
    source = recalled.answered.get(new.id)
    if source is not None:
        pending = None if new.pending is None else 0
        return replace(
            new, state=JobState.COMPLETED, pending=pending, source=source, finished=moment
        )
    if new.id in held:
        return replace(new, state=JobState.WAITING, pending=0)
    if new.id in recalled.runs and new.state is JobState.WAITING:
        return replace(new, state=JobState.QUEUED, pending=0)
    return new


def _new_job(cascade: Cascade, plan: Planned) -> NewJob:
    """Return the job that ``plan`` makes, in the state in which it begins."""
    request = plan.request
    if plan.is_free:
        return NewJob(
            request=request,
            label=plan.label,
            state=JobState.QUEUED,
            condition=plan.condition,
            call=plan.call,
        )
    pending = cascade.verdicts.missing(plan.needs) if plan.is_plain else None
    install = None if request.install is None else cascade.verdicts.install(request.install)
    return NewJob(
        request=request,
        label=plan.label,
        call=plan.call,
        state=JobState.QUEUED if pending == 0 else JobState.WAITING,
        condition=plan.condition,
        pending=pending,
        lock_hash=install.lock_hash if install is not None and install.is_ready else None,
        set_hash=install.set_hash if install is not None and install.is_ready else None,
    )


def first_look(
    cascade: Cascade, user: str, plan: Planned, pending: int | None
) -> tuple[Waiter, set[str]] | None:
    """Return a new job, with what it needs that will never be, where there is more to do."""
    request = plan.request
    if plan.expression is not None:
        cascade.build(plan.id, plan.expression)
        hopeless = set()
    else:
        completed = cascade.verdicts.completed
        hopeless = {
            name
            for name, service, _ in plan.needs
            if not service and completed(name).truth is Truth.NEVER
        }
        if not hopeless:
            return None
    waiter = Waiter(
        id=plan.id,
        user=user,
        kind=plan.kind,
        entry_point=request.entry_point,
        attempt=0,
        pending=pending,
        label=plan.label,
    )
    return waiter, hopeless
