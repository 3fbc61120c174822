"""Jobs that are ended on request, or for another's sake: what becomes of each, by its state."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from park.model.conditions import brief
from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park_server.jobs import job_rows
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.cascade import Cascade
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.facts import JobFact
from park_server.jobs.conditions.race.losers import abandon, ask_for_best
from park_server.jobs.conditions.shared_runs import SharedRuns
from park_server.jobs.job_end import ON_REQUEST, JobEnd, cancelled_in_time, cancelled_on_request

__all__ = ["Cancelling", "ask_to_stop", "cancel", "cancel_all", "cancel_with"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelling:
    """What a cancel came to: the jobs that run and are still to be ended.

    ``left``: nothing was done, since others need it.
    """

    effects: Effects
    running: Sequence[JobId] = field(default_factory=tuple)
    left: bool = False


def cancel(cascade: Cascade, job: JobId) -> list[JobId]:
    """Cancel ``job``; return those that are to be ended."""
    return _cancelled(cascade, [job], frozenset([job]))


def cancel_with(
    cascade: Cascade, some: Sequence[JobId], head: JobId, leaving: AbstractSet[str]
) -> list[JobId]:
    """Cancel ``some`` of all that need ``head``, which are ``leaving``; return whom to end."""
    why = f"cancelled on request, with job {brief(head)}"
    waiting = need_rows.waiting_among(cascade.connection, some)
    cascade.cancel([(waiter, why) for waiter in waiting])
    return _cancelled(cascade, some, leaving)


def cancel_all(cascade: Cascade, jobs: Sequence[JobId], why: str) -> list[JobId]:
    """Cancel all of ``jobs`` in this order; return those that are to be ended.

    ``why`` is what their users are told, who did not ask for it.
    """
    return _cancelled(cascade, jobs, frozenset(jobs), why)


def _cancelled(
    cascade: Cascade, names: Sequence[JobId], leaving: AbstractSet[str], why: str = ""
) -> list[JobId]:
    """End those of ``names`` that have not ended; return which run."""
    known = need_rows.job_facts(cascade.connection, names)
    cascade.verdicts.know(*known.values())
    running = []
    runs = SharedRuns(cascade.memory)
    for name in names:
        if name not in known:
            continue
        fact = cascade.verdicts.job(name)  # as the ends of those before it have left it
        if fact.status.is_final:
            continue
        if runs.leave(cascade, fact, leaving, why or ON_REQUEST):  # it goes on for others
            continue
        if fact.status is JobState.RUNNING:
            job_rows.request_cancel(cascade.connection, name, why or None)
            running.append(name)
        else:
            _end_unstarted(cascade, fact, why)
    cascade.spread({*names} - {*running})
    return [*running, *runs.deserted(cascade, names)]


def _end_unstarted(cascade: Cascade, fact: JobFact, why: str) -> None:
    """End a job that has not begun, and those that compete in a race."""
    is_race = fact.kind is JobKind.RACE
    if why:
        cascade.end(fact.id, JobEnd(status=JobState.CANCELLED, error=why))
    else:
        cascade.end(fact.id, cancelled_on_request() if is_race else cancelled_in_time())
    if is_race:
        abandon(cascade, fact.id, f"cancelled: race {brief(fact.id)} was cancelled")


def ask_to_stop(cascade: Cascade, job: JobId, stop_by: datetime) -> list[JobId]:
    """Ask ``job`` to stop and to keep its best, until ``stop_by``; cancel one that has none.

    That is one that does not run, and a fetch. Returns those that are to be ended at once.
    """
    fact = need_rows.job_facts(cascade.connection, [job]).get(job)
    if fact is not None and ask_for_best(cascade, fact, stop_by):
        return []
    return cancel(cascade, job)
