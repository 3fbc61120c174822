"""All that is asked of the database about jobs that are to be removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, select, update

from park.errors import Conflict
from park.model.conditions import brief
from park.model.ids import JobId
from park.model.states import JobState
from park_server import events
from park_server.clock import now
from park_server.db.blocks import in_blocks
from park_server.db.event_kinds import REMOVED
from park_server.db.tables import (
    calls,
    fetched,
    fetches,
    grants,
    held_grants,
    job_files,
    jobs,
    memo_calls,
    memo_usages,
    needs,
    race_orders,
    races,
    remote_leaves,
    results,
    staged,
)
from park_server.db.tables import events as events_table
from park_server.jobs import job_rows

__all__ = [
    "FREE",
    "Ended",
    "count",
    "ended_before",
    "followed",
    "forget_events",
    "forget_fetched",
    "forget_logs",
    "note_use",
    "old_events",
    "remove_free",
    "remove_on_request",
    "without_logs",
]

_FINAL = [state for state in JobState if state.is_final]

_BELONGING = (
    *(job_files, results, calls, staged, held_grants, remote_leaves, fetches, needs),
    *(races, race_orders, memo_calls),
)
"""The tables whose rows belong to one job each."""

_WAITING = jobs.alias("waiting")
_UNFINISHED_NEED = (
    select(needs.c.job)
    .join(_WAITING, _WAITING.c.id == needs.c.job)
    .where(needs.c.needed == jobs.c.id, needs.c.service == "", _WAITING.c.status.not_in(_FINAL))
)
"""Who needs a job and has not ended: it may be started again, and read its value anew."""

_IS_CARRIED = exists().where(memo_calls.c.job == jobs.c.id, memo_calls.c.carried)
"""Whether a process goes on in the folder of a job that has ended."""

FREE: ColumnElement[bool] = and_(
    jobs.c.status.in_(_FINAL), jobs.c.pinned.is_(None), ~exists(_UNFINISHED_NEED), ~_IS_CARRIED
)
"""What may go by a policy, but for what is `followed`."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has ended, and when."""

    finished: str
    id: JobId


def remove_on_request(connection: Connection, job: JobId, user: str) -> None:
    """Remove ``job`` of ``user``, with all that belongs to it.

    Raises `Conflict` where it has not ended, is pinned, or is needed, and `UnknownItem`.
    """
    stored = job_rows.get(connection, job, user)
    if not stored.status.is_final:
        raise Conflict(
            f"job {job} is {stored.status}: only what has ended is removed",
            hint=f"park cancel {job}",
        )
    if connection.execute(select(jobs.c.id).where(jobs.c.id == job, _IS_CARRIED)).first():
        raise Conflict(
            f"the process of job {job} goes on for another job, which is the same call",
            hint="wait for that one, or cancel it: park why names it",
        )
    if stored.pinned is not None:
        raise Conflict(f"job {job} is pinned since {stored.pinned}", hint=f"park unpin {job}")
    query = _UNFINISHED_NEED.where(jobs.c.id == job).correlate(None).limit(1)
    waiting = connection.execute(query).scalar()
    if waiting is not None:
        raise Conflict(
            f"job {job} is needed by job {brief(waiting)}, which has not ended",
            hint=f"wait for it, or cancel it: park cancel {waiting}",
        )
    _remove(connection, [job])


def remove_free(connection: Connection, ids: Sequence[JobId]) -> list[JobId]:
    """Remove those of ``ids`` that nobody needs, keeps or follows at this moment; return them."""
    kept = followed(connection)
    free: list[JobId] = []
    for block in in_blocks(ids):
        query = select(jobs.c.id).where(jobs.c.id.in_(block), FREE)
        free.extend(JobId(each) for each in connection.execute(query).scalars())
    going = [job for job in free if job not in kept]
    _remove(connection, going)
    return going


def _remove(connection: Connection, ids: Sequence[JobId]) -> None:
    """Remove ``ids`` with all that belongs to them; the log says that they are removed."""
    usages: set[str] = set()
    for block in in_blocks(ids):
        usages.update(connection.execute(_USAGES.where(memo_calls.c.job.in_(block))).scalars())
        users = dict(
            connection.execute(select(jobs.c.id, jobs.c.user).where(jobs.c.id.in_(block))).all()
        )
        for table in _BELONGING:
            connection.execute(delete(table).where(table.c.job.in_(block)))
        connection.execute(delete(jobs).where(jobs.c.id.in_(block)))
        removed: list[tuple[str, str, str, dict[str, Any]]] = [
            (name, REMOVED, user, {}) for name, user in users.items()
        ]
        events.append_many(connection, subject="job", entered=removed)
    _remove_unused(connection, usages)


_USAGES = select(memo_calls.c.usage).where(memo_calls.c.usage.is_not(None)).distinct()


def _remove_unused(connection: Connection, usages: Iterable[str]) -> None:
    """Remove those of ``usages``, which are what runs used, that belong to no run any more."""
    for block in in_blocks(usages):
        still = set(connection.execute(_USAGES.where(memo_calls.c.usage.in_(block))).scalars())
        gone = [each for each in block if each not in still]
        connection.execute(delete(memo_usages).where(memo_usages.c.sha256.in_(gone)))


def followed(connection: Connection) -> set[str]:
    """Return the jobs and installs that a service elsewhere may still ask for, by its grant."""
    live = select(grants.c.jobs).where(grants.c.revoked.is_(None), grants.c.expires > now())
    return {name for names in connection.execute(live).scalars() for name in names}


def ended_before(
    connection: Connection, moment: str, after: Ended | None, limit: int
) -> list[Ended]:
    """Return up to ``limit`` jobs that ended before ``moment`` and may go, from ``after`` on."""
    query = select(jobs.c.finished, jobs.c.id).where(jobs.c.finished < moment, FREE)
    return _ended(connection, query, after, limit)


def without_logs(
    connection: Connection, moment: str, after: Ended | None, limit: int
) -> list[Ended]:
    """Return up to ``limit`` jobs that ended before ``moment`` and whose logs may go."""
    query = select(jobs.c.finished, jobs.c.id).where(jobs.c.finished < moment, _HAS_FREE_LOGS)
    return _ended(connection, query, after, limit)


_HAS_FREE_LOGS = and_(
    jobs.c.status.in_(_FINAL), jobs.c.pinned.is_(None), jobs.c.logs_removed.is_(None), ~_IS_CARRIED
)


def _ended(connection: Connection, query: Any, after: Ended | None, limit: int) -> list[Ended]:
    if after is not None:
        is_later = (jobs.c.finished > after.finished) | (
            (jobs.c.finished == after.finished) & (jobs.c.id > after.id)
        )
        query = query.where(is_later)
    query = query.order_by(jobs.c.finished, jobs.c.id).limit(limit)
    return [Ended(finished, JobId(job)) for finished, job in connection.execute(query)]


def forget_logs(connection: Connection, ids: Sequence[JobId]) -> list[JobId]:
    """Note that the logs of those of ``ids`` go that nobody has pinned; return them."""
    gone: list[JobId] = []
    for block in in_blocks(ids):
        statement = update(jobs).where(jobs.c.id.in_(block), _HAS_FREE_LOGS)
        changed = connection.execute(statement.values(logs_removed=now()).returning(jobs.c.id))
        gone.extend(JobId(each) for each in changed.scalars())
    return gone


def note_use(connection: Connection, job: JobId) -> None:
    """Note that what ``job`` left is of use now."""
    connection.execute(update(jobs).where(jobs.c.id == job).values(last_used=now()))


def count(connection: Connection) -> tuple[int, int]:
    """Return how many jobs there are, and how many of them are pinned."""
    whole, pinned = connection.execute(select(func.count(), func.count(jobs.c.pinned))).one()
    return int(whole), int(pinned)


# -- events, and what was fetched


_PINNED = select(jobs.c.id).where(jobs.c.pinned.is_not(None))


def old_events(connection: Connection, moment: str) -> int:
    """Return how many events from before ``moment`` may go."""
    query = select(func.count()).select_from(events_table).where(_is_old(moment))
    return int(connection.execute(query).scalar_one())


def forget_events(connection: Connection, moment: str, after: int, limit: int) -> tuple[int, int]:
    """Remove up to ``limit`` events from before ``moment`` that follow the event ``after``.

    Those of pinned jobs stay. Returns how many went, and the last of them.
    """
    query = select(events_table.c.seq).where(events_table.c.seq > after, _is_old(moment))
    found = list(connection.execute(query.order_by(events_table.c.seq).limit(limit)).scalars())
    for block in in_blocks(found):
        connection.execute(delete(events_table).where(events_table.c.seq.in_(block)))
    return len(found), found[-1] if found else after


def _is_old(moment: str) -> ColumnElement[bool]:
    return and_(events_table.c.time < moment, events_table.c.id.not_in(_PINNED))


def forget_fetched(connection: Connection, moment: str) -> int:
    """Forget what was fetched and not asked for since ``moment``; return how much that was.

    Not while a fetch of its user goes on, which may be about to find it unchanged.
    """
    fetching = exists().where(
        jobs.c.user == fetched.c.user, jobs.c.kind == "fetch", jobs.c.status.not_in(_FINAL)
    )
    return connection.execute(delete(fetched).where(fetched.c.checked < moment, ~fetching)).rowcount
