"""Rows of jobs that say what no version of the service understands, found before it starts.

A file system that lost a block, or a hand in the database, makes one; it concerns its job alone.
"""

from __future__ import annotations

import logging

from sqlalchemy import (
    Connection,
    and_,
    case,
    false,
    func,
    not_,
    null,
    or_,
    select,
    true,
    update,
)

from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park_server.db.portable_sql import has_odd_units, is_json, json_kind, seconds_of
from park_server.db.tables import jobs

__all__ = ["made_readable"]

_log = logging.getLogger("park.jobs")

_ACTIVE = [state for state in JobState if not state.is_final]
_IS_ODD_STATE = jobs.c.status.not_in(list(JobState))
_IS_ODD_KIND = jobs.c.kind.not_in(list(JobKind))
_IS_ODD_CONDITION = and_(jobs.c.condition.is_not(null()), not_(is_json(jobs.c.condition)))
_HAS_ODD_POOLS = case(
    (jobs.c.pools.is_(null()), false()),
    (func.coalesce(json_kind(jobs.c.pools), "") != "object", true()),
    else_=has_odd_units(jobs.c.pools),
)

_IS_OF_NO_MOMENT = and_(jobs.c.not_before.is_not(null()), seconds_of(jobs.c.not_before).is_(null()))

_CANNOT_BE_READ = or_(
    _IS_ODD_STATE,
    and_(jobs.c.status.in_(_ACTIVE), or_(_IS_ODD_KIND, _IS_ODD_CONDITION, _HAS_ODD_POOLS)),
)

# One look at all jobs for both, of which a start has a hundred thousand.
_ODD = select(
    jobs.c.id,
    case(
        (_IS_ODD_STATE, "its state is " + jobs.c.status),
        (_IS_ODD_KIND, "its kind is " + jobs.c.kind),
        (_IS_ODD_CONDITION, "its condition is no JSON"),
        else_="its units of pools are no JSON",
    ).label("why"),
    case((_CANNOT_BE_READ, true()), else_=false()).label("has_to_end"),
).where(or_(_CANNOT_BE_READ, _IS_OF_NO_MOMENT))

_HELD_BACK_FOR_NO_MOMENT = update(jobs).where(_IS_OF_NO_MOMENT).values(not_before=null())


def made_readable(connection: Connection) -> list[tuple[JobId, str]]:
    """Make the jobs readable that are not; return their ids, each with why it has to end now."""
    found = connection.execute(_ODD).all()
    odd = [(JobId(row.id), f"its row cannot be read: {row.why}") for row in found if row.has_to_end]
    if found:
        connection.execute(_HELD_BACK_FOR_NO_MOMENT)
    for job, why in odd:
        _log.error("job %s is set aside: %s", job, why)
        readable = {
            "status": JobState.RUNNING,  # whatever follows from it: it ends now
            "kind": case((_IS_ODD_KIND, JobKind.CALL), else_=jobs.c.kind),
            "condition": case((_IS_ODD_CONDITION, null()), else_=jobs.c.condition),
            "pools": null(),
        }
        connection.execute(update(jobs).where(jobs.c.id == job).values(readable))
    return odd
