"""What each user was charged for slots, as a restart finds it again; and whose a job is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, delete, exists, insert, select

from park.model.ids import JobId
from park.model.states import JobState
from park_repo.database import Database
from park_server.db.prepared import PreparedOfMany
from park_server.db.tables import jobs, turns
from park_server.jobs.turns.fair_order import Account

__all__ = ["accounts", "with_users", "write"]


def accounts(connection: Connection) -> dict[str, Account]:
    """Return the accounts of all users where jobs are queued; else nobody owes anybody."""
    is_queued = exists().where(jobs.c.status == JobState.QUEUED)
    return {
        row.user: Account(charged=row.charged, turn=row.turn, usual_s=row.usual_s)
        for row in connection.execute(select(turns).where(is_queued))
    }


def write(connection: Connection, user: str, account: Account) -> None:
    """Write the account of ``user``."""
    connection.execute(delete(turns).where(turns.c.user == user))
    connection.execute(
        insert(turns).values(
            user=user, charged=account.charged, turn=account.turn, usual_s=account.usual_s
        )
    )


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
