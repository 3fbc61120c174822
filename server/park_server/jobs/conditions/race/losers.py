"""The jobs of a race that is over: what becomes of each that has not won."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from park.model.conditions import brief
from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park.wire import StopHow
from park_server.jobs import job_rows
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.cascade import Cascade
from park_server.jobs.conditions.shared_runs import SharedRuns
from park_server.jobs.job_end import JobEnd
from park_server.jobs.races import race_rows
from park_server.jobs.races.race_rows import Order
from park_server.jobs.races.terms import Competitor, Terms

__all__ = ["abandon", "end_losers"]


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
        cascade.ask_to_stop(fact, _stop_by(cascade, terms))


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
    connection, runs = cascade.connection, SharedRuns(cascade.memory)
    facts, leaving = need_rows.job_facts(connection, ending), frozenset(ending)
    changed: set[str] = set()
    for job in ending:
        if (fact := facts.get(job)) is None or fact.status.is_final:
            continue
        if terms.stop is StopHow.KEEP and cascade.ask_to_stop(fact, _stop_by(cascade, terms)):
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
