"""The jobs of a race that is over: what becomes of each that has not won."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from park.model.conditions import brief
from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park.wire import StopHow
from park_server.jobs import job_rows
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.cascade import Cascade
from park_server.jobs.conditions.facts import JobFact
from park_server.jobs.conditions.shared_runs import SharedRuns
from park_server.jobs.job_end import JobEnd
from park_server.jobs.races import race_rows
from park_server.jobs.races.race_rows import Order
from park_server.jobs.races.terms import Competitor, Terms
from park_server.jobs.unsettled import unsettled_rows

__all__ = ["abandon", "ask_for_best", "end_losers", "end_some"]


def abandon(cascade: Cascade, race: JobId, why: str) -> None:
    """End those that compete in a race which is over before it is decided; none is kept."""
    stored = race_rows.get(cascade.connection, race)
    winners = () if stored.winners is None else stored.winners
    end_losers(cascade, race, stored.terms, winners, why)


def end_losers(
    cascade: Cascade, race: JobId, terms: Terms, winners: Collection[int], why: str
) -> None:
    """End those that have not won, here and elsewhere, but for what others need.

    What has won and still runs goes on; where what runs is to keep its best, it is asked for
    that as well, since it is good enough.
    """
    losers: list[Competitor] = []
    for position, each in enumerate(terms.competitors):
        if position not in winners:
            losers.append(each)
        elif terms.stop is StopHow.KEEP:
            _keep_best_of(cascade, race, each, terms)
    by_service: dict[str, list[JobId]] = defaultdict(list)
    for each in _without_needed(cascade, race, losers):
        by_service[each.service or ""].append(JobId(each.job))
    for service, ending in by_service.items():
        if service:
            _order(cascade, race, service, ending, terms)
        else:
            _end_here(cascade, ending, terms, why)


def _without_needed(
    cascade: Cascade, race: JobId, losers: Sequence[Competitor]
) -> list[Competitor]:
    """Return those of ``losers`` that nobody needs but others of them."""
    names: dict[str, list[str]] = defaultdict(list)
    for each in losers:
        names[each.service or ""].append(each.job)
    needing: dict[str, set[str]] = {}
    for service, jobs in names.items():
        needing |= race_rows.needed_by_others(cascade.connection, jobs, service, race)
    ending = {each.job for each in losers}
    while needed := {job for job in ending if needing.get(job, set()) - ending}:
        ending -= needed
    return [each for each in losers if each.job in ending]


def _keep_best_of(cascade: Cascade, race: JobId, winner: Competitor, terms: Terms) -> None:
    job = JobId(winner.job)
    if winner.service is not None:
        _order(cascade, race, winner.service, [job], terms)
    elif (fact := need_rows.job_facts(cascade.connection, [job]).get(job)) is not None:
        ask_for_best(cascade, fact, _stop_by(cascade, terms))


def _stop_by(cascade: Cascade, terms: Terms) -> datetime:
    return cascade.now + timedelta(seconds=terms.grace_s)


def _order(
    cascade: Cascade, race: JobId, service: str, ending: Collection[JobId], terms: Terms
) -> None:
    orders = [
        Order(race=race, competitor=job, service=service, how=terms.stop, grace_s=terms.grace_s)
        for job in ending
    ]
    race_rows.give_orders(cascade.connection, orders)
    if orders:
        cascade.effects.ordering.append(race)


def _end_here(cascade: Cascade, ending: Collection[JobId], terms: Terms, why: str) -> None:
    """End jobs: at once what runs, and of the others as many as one change may."""
    facts = need_rows.job_facts(cascade.connection, ending)
    running, others = [], []
    for fact in (facts[job] for job in ending if job in facts):
        if fact.status is not JobState.RUNNING:
            others.append(fact.id)
        elif terms.stop is not StopHow.KEEP or not ask_for_best(
            cascade, fact, _stop_by(cascade, terms)
        ):
            running.append(fact.id)
    now, later = others[: cascade.left], others[cascade.left :]
    if later:
        unsettled_rows.add_ending(cascade.connection, later, why)
        cascade.effects.unsettled = True
    end_some(cascade, [*running, *now], why, frozenset(ending))


def end_some(
    cascade: Cascade, ending: Collection[JobId], why: str, leaving: AbstractSet[str]
) -> None:
    """End jobs that have not ended, of all that are ``leaving``."""
    connection, runs = cascade.connection, SharedRuns(cascade.memory)
    facts = need_rows.job_facts(connection, ending)
    cascade.left = max(0, cascade.left - len(ending))
    changed: set[str] = set()
    for job in ending:
        if (fact := facts.get(job)) is None or fact.status.is_final:
            continue
        if runs.leave(cascade, fact, leaving, why):  # it goes on for others
            changed.add(job)
            continue
        if fact.status is JobState.RUNNING:
            job_rows.request_cancel(connection, job, why)
            cascade.effects.cancelling.append(job)
            continue
        cascade.end(job, JobEnd(status=JobState.CANCELLED, error=why))
        changed.add(job)
        if fact.kind is JobKind.RACE:
            abandon(cascade, job, f"{why}, in which race {brief(job)} competed")
    cascade.spread(changed)
    cascade.effects.cancelling.extend(runs.deserted(cascade, ending))


def ask_for_best(cascade: Cascade, fact: JobFact, stop_by: datetime) -> bool:
    """Ask a job to stop and to keep its best until ``stop_by``; tell whether it can be asked.

    One that does not run has no best, and a fetch hears of nothing.
    """
    if fact.status is not JobState.RUNNING or fact.kind is not JobKind.CALL:
        return False
    job_rows.request_stop(cascade.connection, fact.id, stop_by)
    cascade.effects.stopping.append((fact.id, stop_by))
    return True
