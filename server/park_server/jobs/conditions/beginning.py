"""New jobs before they are written: the state in which each begins, and what is looked at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from park.errors import UnknownItem
from park.model.states import JobState
from park.model.truth import Truth
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.cascade import Cascade
from park_server.jobs.conditions.creation import NewJob
from park_server.jobs.conditions.facts import JobFact
from park_server.jobs.conditions.need_rows import Waiter
from park_server.jobs.conditions.needs import Planned
from park_server.jobs.conditions.recall import NewCall

__all__ = ["call_of", "first_look", "held", "know_what_is_needed", "new_job"]


def know_what_is_needed(cascade: Cascade, user: str, plans: Sequence[Planned]) -> None:
    """Read the facts of all that ``plans`` need here; raises `UnknownItem`."""
    if not any(plan.needs for plan in plans):
        return
    own = {plan.id for plan in plans}
    wanted = {needed for plan in plans for needed, service, _ in plan.needs if not service}
    jobs = need_rows.job_facts(cascade.connection, wanted)
    rest = wanted - jobs.keys() - own
    named = {install for plan in plans for install in plan.installs}
    installs = need_rows.install_facts(cascade.connection, named) if named else {}
    cascade.verdicts.know(*jobs.values(), *installs.values())
    foreign = {fact.id for fact in jobs.values() if fact.user != user}
    if unknown := sorted((rest - installs.keys()) | foreign):
        raise UnknownItem(
            f"no job {unknown[0]} on this service, which another one needs",
            hint="submit what is needed before, or in the same request",
        )
    for plan in plans:
        if plan.id not in jobs:
            cascade.verdicts.know(
                JobFact(
                    id=plan.id,
                    user=user,
                    kind=plan.kind,
                    entry_point=plan.request.entry_point,
                    status=JobState.WAITING,
                    attempt=0,
                )
            )


def call_of(plan: Planned, new: NewJob) -> NewCall:
    """Return what a memory of calls is asked of a new job."""
    lock_hash = plan.request.lock_hash or new.lock_hash
    return NewCall(plan, lock_hash if new.state is JobState.QUEUED else None)


def held(new: NewJob) -> NewJob:
    """Return a new job as one that waits for nothing but what is found out of its call."""
    return replace(new, state=JobState.WAITING, pending=0)


def new_job(cascade: Cascade, plan: Planned) -> NewJob:
    """Return the job that ``plan`` makes, in the state in which it begins."""
    request = plan.request
    if plan.is_free:
        return NewJob(
            request=request, label=plan.label, state=JobState.QUEUED, condition=plan.condition
        )
    pending = cascade.verdicts.missing(plan.needs) if plan.is_plain else None
    install = None if request.install is None else cascade.verdicts.install(request.install)
    return NewJob(
        request=request,
        label=plan.label,
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
    )
    return waiter, hopeless
