"""What becomes of races, in the transaction in which one that competes ends or reports.

A race waits, as a job does, for a condition: that enough are good enough, or that all have
ended. When it is true there is something to decide; `park_server.jobs.races.decision` says
what. Winners are written once. The race ends when they have, with what they left; that of other
services is brought here before, as it is for a job that refers to it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from park.model.conditions import Phase, all_of, brief
from park.model.ids import JobId
from park.model.references import Reference, What
from park.model.states import JobState
from park.model.truth import Truth
from park.wire import FileRecord, WinnerRecord, decode
from park_server.jobs import job_rows
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.cascade import Cascade
from park_server.jobs.conditions.effects import Effects
from park_server.jobs.conditions.need_rows import Waiter
from park_server.jobs.conditions.race.field import Field
from park_server.jobs.conditions.race.losers import end_losers
from park_server.jobs.conditions.spreading.odd_conditions import why_unsettled
from park_server.jobs.job_end import JobEnd
from park_server.jobs.left import file_rows
from park_server.jobs.races import race_rows
from park_server.jobs.races.decision import NoWinner, RanksWanted, decide
from park_server.jobs.races.race_rows import StoredRace
from park_server.jobs.races.terms import Competitor, Terms
from park_server.jobs.unsettled import unsettled_rows

__all__ = ["fail_race", "finished", "look_again", "look_at"]


def finished(cascade: Cascade) -> Effects:
    """Settle the races of which something may be decided, and what follows; then finish.

    Where anything is left for further changes, the races come after it: a job that is to be
    ended needs nobody who competes.
    """
    while True:
        while cascade.races:
            if unsettled_rows.is_any(cascade.connection):
                unsettled_rows.add_races(cascade.connection, sorted(cascade.races))
                cascade.races.clear()
                cascade.effects.unsettled = True
                break
            look_at(cascade, cascade.races.pop(next(iter(cascade.races))))
        effects = cascade.finish()  # units of pools that come free may cancel what competes
        if not cascade.races:
            return effects


def look_again(cascade: Cascade, waiter: Waiter) -> None:
    """Settle a race for which something was brought here."""
    cascade.races[waiter.id] = waiter


def fail_race(cascade: Cascade, waiter: Waiter, why: str) -> None:
    """End a race that cannot go on, and those that compete."""
    stored = race_rows.get(cascade.connection, waiter.id)
    cascade.end(waiter.id, JobEnd(status=JobState.FAILED, error=why))
    if stored.winners is None:
        end_losers(
            cascade, waiter.id, stored.terms, (), f"cancelled: race {brief(waiter.id)} failed"
        )
    cascade.spread([waiter.id])


def look_at(cascade: Cascade, waiter: Waiter) -> None:
    """Settle a race; where what is stored of it cannot be read, that is its end, and no other's."""
    if need_rows.waiter(cascade.connection, waiter.id) is None:
        return  # it has heard of the end of those that it has ended itself
    try:
        _settle(cascade, waiter)
    except Exception as error:  # noqa: BLE001 (whatever a row holds)
        line = why_unsettled(waiter, error)
        cascade.end(waiter.id, JobEnd(status=JobState.FAILED, error=line))
        cascade.spread([waiter.id])


def _settle(cascade: Cascade, waiter: Waiter) -> None:
    stored = race_rows.get(cascade.connection, waiter.id)
    if stored.winners is None:
        decided = _decided(cascade, waiter, stored)
        if decided is None:
            return
        stored = decided
    _complete(cascade, waiter, stored.terms, stored.winners or ())


def _decided(cascade: Cascade, waiter: Waiter, stored: StoredRace) -> StoredRace | None:
    """Decide who has won, where that can be said, and end the others."""
    terms, connection = stored.terms, cascade.connection
    field = Field(connection, cascade.verdicts, waiter.id, terms)
    entrants = field.entrants()
    found = decide(entrants, keep=terms.keep, prefer=terms.prefer, if_none=terms.if_none)
    if found is None:
        return None
    if isinstance(found, RanksWanted):
        ranks = [terms.competitors[position].rank for position in found.positions]
        _stage(cascade, waiter, [each for each in ranks if each is not None])
        return None
    if isinstance(found, NoWinner):
        line = f"none of {len(entrants)} is good enough: {field.told()}"
        cascade.end(waiter.id, JobEnd(status=JobState.FAILED, error=line))
        cascade.spread([waiter.id])
        return None
    race_rows.decide(connection, waiter.id, found.positions, found.by)
    first = terms.competitors[found.positions[0]]
    why = f"cancelled: job {brief(first.job)} won the race {brief(waiter.id)}"
    end_losers(cascade, waiter.id, terms, found.positions, why)
    return replace(stored, winners=found.positions, by=found.by)


# -- the end of a race that is decided


def _complete(cascade: Cascade, waiter: Waiter, terms: Terms, winners: Sequence[int]) -> None:
    """End the race with what its winners left, once they have ended and that is here."""
    verdict_of = cascade.verdicts.within(waiter.id)
    chosen = [terms.competitors[position] for position in winners]
    ends = [each.phase(Phase.FINISHED) for each in chosen]
    if any(verdict_of(end).truth is Truth.NOT_YET for end in ends):
        race_rows.await_ends(cascade.connection, waiter.id, all_of(ends))
        cascade.forget(waiter.id)
        cascade.effects.decided.append(waiter.id)
        return
    verdicts = {each: verdict_of(each.phase(Phase.COMPLETED)) for each in chosen}
    completed = [each for each in chosen if verdicts[each].truth is Truth.TRUE]
    if any(verdict.truth is Truth.NOT_YET for verdict in verdicts.values()):
        return  # the other service has said that it ended, and is about to say how
    if not completed:
        said = "; ".join(dict.fromkeys(verdict.why for verdict in verdicts.values()))
        line = f"what was good enough while it ran did not complete: {said}"
        cascade.end(waiter.id, JobEnd(status=JobState.FAILED, error=line))
        cascade.spread([waiter.id])
    elif missing := _missing(cascade, waiter, completed):
        _stage(cascade, waiter, missing)
    else:
        _end_well(cascade, waiter, terms, completed)


def _missing(
    cascade: Cascade, waiter: Waiter, completed: Collection[Competitor]
) -> list[Reference]:
    """Return what has to be brought here of winners on other services."""
    staged = need_rows.staged_for(cascade.connection, waiter.id)
    wanted = [
        each.reference(what)
        for each in completed
        if each.service is not None
        for what in (What.VALUE, What.FILES)
    ]
    return [] if all(each.key in staged for each in wanted) else wanted


def _stage(cascade: Cascade, waiter: Waiter, references: Sequence[Reference]) -> None:
    race_rows.refer(cascade.connection, waiter.id, references)
    cascade.effects.staging.append(waiter.id)


def _end_well(
    cascade: Cascade, waiter: Waiter, terms: Terms, completed: Sequence[Competitor]
) -> None:
    field = Field(cascade.connection, cascade.verdicts, waiter.id, terms)
    left = [_left(cascade, waiter, each, field.rank_of(each)) for each in completed]
    values = [value for _, value, _ in left]
    is_one = terms.keep == 1
    files = [
        file if is_one else replace(file, name=str(PurePosixPath(str(number), file.name)))
        for number, (_, _, files) in enumerate(left)
        for file in files
    ]
    race_rows.write_winners(cascade.connection, waiter.id, [winner for winner, _, _ in left])
    result: Any = values[0] if is_one else values
    cascade.end(waiter.id, JobEnd(status=JobState.COMPLETED, result=result, files=files))
    cascade.spread([waiter.id])


def _left(
    cascade: Cascade, waiter: Waiter, winner: Competitor, rank: float | None
) -> tuple[WinnerRecord, Any, Sequence[FileRecord]]:
    """Return what is told of a winner, its value and its files."""
    connection = cascade.connection
    if winner.service is not None:
        staged = need_rows.staged_for(connection, waiter.id)
        value = staged[winner.reference(What.VALUE).key]["value"]
        told = staged[winner.reference(What.FILES).key]
        record = decode(WinnerRecord, {**told, "job": winner.job, "service": winner.service})
        files = [decode(FileRecord, each) for each in told["files"]]
        return replace(record, rank=rank), value, files
    job = JobId(winner.job)
    stored = job_rows.get(connection, job)
    record = WinnerRecord(
        job=job,
        entry_point=stored.entry_point,
        set_hash=stored.set_hash,
        label=stored.label,
        rank=rank,
    )
    files = file_rows.files_of(connection, [job]).get(job, [])
    return record, job_rows.result_of(connection, job), files
