"""Who waits for what has changed: all of them where they are few, else some after the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, select

from park.model.states import JobState
from park_server.db.blocks import in_blocks
from park_server.db.portable_sql import unindexed
from park_server.db.prepared import Prepared, PreparedOfMany
from park_server.db.tables import jobs, needs
from park_server.jobs.conditions.need_rows import Waiter

__all__ = ["awaited_among", "few_waiters", "next_waiters"]

_MOST_ROWS = 1_000
"""Read before it is too much: a job has a row for each of those that it needs."""

_IS_WAITING = unindexed(jobs.c.status) == JobState.WAITING
_OF_WAITER = tuple(jobs.c[name] for name in Waiter._fields)


def _waiting(ids: Sequence[BindParameter[Any]]) -> Select[Any]:
    return (
        select(needs.c.needed, *_OF_WAITER)
        .join(jobs, jobs.c.id == needs.c.job)
        .where(needs.c.needed.in_(ids), needs.c.service == "", _IS_WAITING)
        .limit(_MOST_ROWS + 1)
    )


_WAITERS = PreparedOfMany(_waiting)
_WEIGHING = PreparedOfMany(lambda ids: _waiting(ids).where(jobs.c.pending.is_(None)))
_NEXT = Prepared(
    select(*_OF_WAITER)
    .join(needs, jobs.c.id == needs.c.job)
    .where(
        needs.c.needed == bindparam("needed"),
        needs.c.service == "",
        needs.c.job > bindparam("after"),
        _IS_WAITING,
    )
    .order_by(needs.c.job)
    .limit(bindparam("most"))
)


def few_waiters(
    connection: Connection, ids: Iterable[str], *, most: int, counting: bool
) -> list[tuple[Waiter, set[str]]] | None:
    """Return the jobs that wait for any of ``ids``, each with which; in the order of their ids.

    None where they are more than ``most``. Without ``counting`` only those that keep no count:
    a start or a report is nothing to the others.
    """
    found: dict[str, tuple[Waiter, set[str]]] = {}
    query = _WAITERS if counting else _WEIGHING
    for block in in_blocks(ids):
        rows = query.all(connection, block)
        for needed, job, *rest in rows:
            if job not in found:
                found[job] = Waiter.of((job, *rest)), set()
            found[job][1].add(needed)
        if len(found) > most or len(rows) > _MOST_ROWS:
            return None
    return [found[job] for job in sorted(found)]


def next_waiters(connection: Connection, needed: str, *, after: str, most: int) -> list[Waiter]:
    """Return up to ``most`` jobs that wait for ``needed``, the first ones by id after ``after``.

    One may stand there twice, where it needs that in two ways.
    """
    rows = _NEXT.all(connection, {"needed": needed, "after": after, "most": most})
    return [Waiter.of(row) for row in rows]


def awaited_among(connection: Connection, ids: Iterable[str]) -> list[str]:
    """Return those of ``ids`` that any job waits for, in their order."""
    # one by one: of what a layer leaves, each may have hundreds that wait, and one is enough
    return [each for each in sorted(ids) if next_waiters(connection, each, after="", most=1)]
