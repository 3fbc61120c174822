"""What each user was charged for slots, as a restart finds it again; and whose a job is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, bindparam, delete, exists, insert, select

from park.model.ids import JobId
from park.model.states import JobState
from park_repo.database import Database
from park_server.db.prepared import Prepared, PreparedOfMany
from park_server.db.tables import jobs, turns
from park_server.jobs.turns.fair_order import Account

__all__ = ["accounts", "with_users", "write_all"]


def accounts(connection: Connection) -> dict[str, Account]:
    """Return the accounts of all users where jobs are queued; else nobody owes anybody."""
    is_queued = exists().where(jobs.c.status == JobState.QUEUED)
    return {
        row.user: Account(charged=row.charged, turn=row.turn, usual_s=row.usual_s)
        for row in connection.execute(select(turns).where(is_queued))
    }


_REMOVE = Prepared(delete(turns).where(turns.c.user == bindparam("whose")))
_ADD = Prepared(insert(turns), ("user", "charged", "turn", "usual_s"))


def write_all(connection: Connection, noted: Mapping[str, Account]) -> None:
    """Write the account of each user."""
    if not noted:
        return
    _REMOVE.run_all(connection, [{"whose": user} for user in noted])
    rows = [
        {"user": user, "charged": each.charged, "turn": each.turn, "usual_s": each.usual_s}
        for user, each in noted.items()
    ]
    _ADD.run_all(connection, rows)


_USERS = PreparedOfMany(lambda ids: select(jobs.c.id, jobs.c.user).where(jobs.c.id.in_(ids)))


def with_users(
    database: Database, ids: Sequence[JobId], known: Mapping[JobId, str]
) -> list[tuple[str, JobId]]:
    """Return each of the jobs ``ids`` behind its user, who is looked up unless he is ``known``.

    One that is in no table any more is left out.
    """
    if unknown := [job for job in ids if job not in known]:
        known = {**known, **database.read(partial(_users_of, ids=unknown))}
    return [(known[job], job) for job in ids if job in known]


def _users_of(connection: Connection, ids: Sequence[JobId]) -> dict[JobId, str]:
    return {JobId(job): user for job, user in _USERS.all(connection, ids)}
