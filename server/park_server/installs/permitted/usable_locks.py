"""Whose locks are whose: a lock hash is a name, and no right to run what it names.

Everybody may use what is released. An environment with working trees is for who installed it,
and for those with whom its owner shares all of these.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, select

from park_repo.database import Database
from park_server.db.tables import installs
from park_server.envs.environment_rows import may_see, of_others
from park_server.trust.sharing import NOTHING, Shared, Sharing

__all__ = ["UsableLocks", "is_usable", "owners"]

_MOST_KEPT = 10_000


class UsableLocks:
    """Tells who may use which lock; what was found once holds until shares or groups change.

    ``permits`` tells whether a user may have a lock at all, as far as that is approved.
    """

    def __init__(
        self,
        database: Database,
        sharing: Sharing,
        permits: Callable[[str, str], bool],
    ) -> None:
        self._permits = permits
        self._database = database
        self._sharing = sharing
        self._known: set[tuple[str, str]] = set()
        self._generation = sharing.generation

    def may_use(self, user: str, lock_hash: str) -> bool:
        """Tell whether jobs of ``user`` may run in the environment; in any thread."""
        if not self._permits(user, lock_hash):
            return False
        if self._generation != self._sharing.generation or len(self._known) > _MOST_KEPT:
            self._generation, self._known = self._sharing.generation, set()
        known = self._known
        if (user, lock_hash) in known:
            return True
        shared = self._sharing.with_user(user)
        found = self._database.read(lambda c: is_usable(c, user, lock_hash, shared))
        if found:
            known.add((user, lock_hash))
        return found


def is_usable(connection: Connection, user: str, lock_hash: str, shared: Shared = NOTHING) -> bool:
    """Tell whether some install that came to ``lock_hash`` is for ``user`` to use."""
    query = select(installs.c.user, of_others(user)).where(installs.c.lock_hash == lock_hash)
    return any(
        may_see(user, row.user, row.request_of_others, shared) for row in connection.execute(query)
    )


def owners(connection: Connection, lock_hash: str) -> set[str]:
    """Return the users whose installs came to ``lock_hash``."""
    query = select(installs.c.user).where(installs.c.lock_hash == lock_hash).distinct()
    return set(connection.execute(query).scalars())
