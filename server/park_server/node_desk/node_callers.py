"""Who speaks with the token of an attempt: its node, in the name of its user, while it runs."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from park.errors import NotAuthenticated
from park.model.ids import JobId
from park.model.states import JobState
from park.wire import TokenClass
from park_repo.database import Database
from park_server.db.prepared import Prepared
from park_server.db.tables import jobs
from park_server.jobs.engines.attempt_tokens import PREFIX, AttemptTokens
from park_server.trust.identity import Caller, Callers
from park_server.trust.rights import NONE, Rights

__all__ = ["NodeCallers"]

_RUNNING = Prepared(
    select(jobs.c.user, jobs.c.status, jobs.c.attempt).where(jobs.c.id == bindparam("job"))
)


class NodeCallers:
    """Implements `Callers`: those of ``others``, and nodes."""

    def __init__(self, others: Callers, tokens: AttemptTokens, database: Database) -> None:
        self._others = others
        self._tokens = tokens
        self._database = database

    def find(self, token: str) -> Caller | None:
        """See `Callers`."""
        if not token.startswith(PREFIX):
            return self._others.find(token)
        found = self._tokens.attempt_of(token)
        return None if found is None else self._node(*found)

    def _node(self, job: JobId, attempt: int) -> Caller:
        user = self._database.read(lambda c: _user_of(c, job, attempt))
        if user is None:
            raise NotAuthenticated(
                f"the attempt {attempt} of job {job} does not run any more: it has ended, or was"
                " taken back"
            )
        return Caller(user=user, rights=NONE, kind=TokenClass.INTERNAL, attempt=(job, attempt))

    def rights_of(self, name: str) -> Rights:
        """See `Callers`."""
        return self._others.rights_of(name)


def _user_of(connection: Connection, job: JobId, attempt: int) -> str | None:
    """Return whose the attempt is, None where it does not run."""
    row = _RUNNING.first(connection, job=job)
    if row is None:
        return None
    user, status, now = row
    return str(user) if (status, now) == (JobState.RUNNING, attempt) else None
