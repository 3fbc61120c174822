"""What earlier changes have left: the next piece of it, in a change of its own.

First come first served, so that a cascade is level by level, as in one change. What is looked at
here may have been looked at before, and jobs may have been made meanwhile that were counted by
what had ended then: whoever counts is counted anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection

from park.model.ids import JobId
from park.model.truth import Truth
from park_server.jobs.conditions import need_rows
from park_server.jobs.conditions.cascade import Cascade
from park_server.jobs.conditions.need_rows import Waiter
from park_server.jobs.conditions.needs import Need
from park_server.jobs.conditions.race.losers import end_some
from park_server.jobs.conditions.race.settling import look_at
from park_server.jobs.conditions.spreading.who_waits import few_waiters, next_waiters
from park_server.jobs.unsettled import unsettled_rows
from park_server.jobs.unsettled.unsettled_rows import Step, Unsettled

__all__ = ["next_subject", "pass_over", "settle_anew", "settle_on"]

_Found = dict[str, tuple[Waiter, set[str]]]


def settle_on(cascade: Cascade) -> None:
    """Settle as much of what is left as one change may."""
    ended: set[str] = set()
    while cascade.left > 0:
        if rows := unsettled_rows.first(cascade.connection, cascade.left):
            ended |= _settled(cascade, rows)
        elif ended and (found := _waiting_for(cascade, ended)) is not None:
            cascade.left -= len(found)
            ended = _recounted(cascade, found)
        else:
            break
    cascade.defer(ended)
    cascade.effects.unsettled = unsettled_rows.is_any(cascade.connection)


def settle_anew(cascade: Cascade, changed: Collection[str]) -> None:
    """Settle what waits for jobs or installs that have ended; it may have been done before."""
    found = _waiting_for(cascade, changed)
    if found is None:
        cascade.defer(changed)
    else:
        cascade.spread(_recounted(cascade, found))


def _recounted(cascade: Cascade, found: Sequence[tuple[Waiter, set[str]]]) -> set[str]:
    """Settle jobs, each with what has changed of what it needs; return who ended."""
    return cascade.recount(found, _known(cascade, found))


def _waiting_for(cascade: Cascade, ended: Collection[str]) -> list[tuple[Waiter, set[str]]] | None:
    return few_waiters(cascade.connection, ended, most=cascade.left, counting=True)


def _settled(cascade: Cascade, rows: Sequence[Unsettled]) -> set[str]:
    """Settle the first of ``rows`` that are of one kind; return who ended."""
    step = rows[0].step
    alike = list(_while_of(step, rows))
    if step is Step.CHANGED:
        return _settled_for(cascade, alike)
    if step is Step.RACE:
        _decide(cascade, alike[0])
    else:
        _end(cascade, alike)
    return set()


def _while_of(step: Step, rows: Sequence[Unsettled]) -> Iterator[Unsettled]:
    """Yield the first of ``rows``, as long as they are of that ``step`` and have its reason."""
    for row in rows:
        if row.step is not step or row.why != rows[0].why:
            return
        yield row


def _settled_for(cascade: Cascade, rows: Sequence[Unsettled]) -> set[str]:
    """Settle what waits for the subjects of ``rows``; return who ended."""
    found: _Found = {}
    done = []
    for row in rows:
        room = cascade.left - len(found)
        some = next_waiters(cascade.connection, row.subject, after=row.after, most=room)
        for each in some:
            found.setdefault(each.id, (each, set()))[1].add(row.subject)
        if len(some) == room:
            unsettled_rows.go_on_after(cascade.connection, row, some[-1].id)
            break
        done.append(row)
    unsettled_rows.remove(cascade.connection, done)
    cascade.left -= len(found) + len(done)
    return _recounted(cascade, [found[job] for job in sorted(found)])


def _decide(cascade: Cascade, row: Unsettled) -> None:
    """Look at a race that had to wait for what came before it."""
    unsettled_rows.remove(cascade.connection, [row])
    cascade.left -= 1
    waiter = need_rows.waiter(cascade.connection, JobId(row.subject))
    if waiter is not None:
        look_at(cascade, waiter)


def _end(cascade: Cascade, rows: Sequence[Unsettled]) -> None:
    """End jobs that are to be ended."""
    leaving = unsettled_rows.ending(cascade.connection)
    unsettled_rows.remove(cascade.connection, rows)
    end_some(cascade, [JobId(row.subject) for row in rows], rows[0].why or "", leaving)


# -- where that raises


def next_subject(connection: Connection) -> str | None:
    """Return the job at which is looked next; None where nothing waits for what is next."""
    for row in unsettled_rows.first(connection, 1):
        if row.step is not Step.CHANGED:
            return row.subject
        for waiter in next_waiters(connection, row.subject, after=row.after, most=1):
            return waiter.id
    return None


def pass_over(connection: Connection, job: str | None) -> None:
    """Leave out ``job``, at which was to be looked next."""
    for row in unsettled_rows.first(connection, 1):
        if row.step is Step.CHANGED and job is not None:
            unsettled_rows.go_on_after(connection, row, job)
        else:
            unsettled_rows.remove(connection, [row])


# -- what is known


def _known(cascade: Cascade, found: Sequence[tuple[Waiter, set[str]]]) -> dict[str, list[Need]]:
    """Read the facts of what has changed, and all that those need who are counted anew."""
    _read_facts(cascade, {name for _, changed in found for name in changed})
    completed = cascade.verdicts.completed
    counting = [
        waiter.id
        for waiter, changed in found
        if waiter.pending is not None
        and all(completed(name).truth is not Truth.NEVER for name in changed)
    ]
    needs = need_rows.needs_of(cascade.connection, counting)
    _read_facts(
        cascade, {name for each in needs.values() for name, service, _ in each if not service}
    )
    return needs


def _read_facts(cascade: Cascade, names: set[str]) -> None:
    jobs = need_rows.job_facts(cascade.connection, names)
    installs = need_rows.install_facts(cascade.connection, names - jobs.keys())
    cascade.verdicts.know(*jobs.values(), *installs.values())
