"""The audit log: who did what, when and from where.

Nothing is changed in it, and nothing goes but what users did for themselves, when it is old:
triggers of the database see to that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from park.wire import AuditRecord
from park_server.clock import now
from park_server.db.blocks import in_blocks
from park_server.db.portable_schema import USER_ACTIONS
from park_server.db.tables import audit

__all__ = ["SERVICE", "Actor", "Change", "append", "forget", "listing", "with_entry"]

_LONGEST = 500
"""Characters of what others wrote, a name that does not exist for example."""


Change = Callable[[Connection], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who does something: ``token`` is the id of the token, ``address`` where it came from."""

    user: str
    token: str | None = None
    address: str = ""


SERVICE = Actor(user="")
"""The service itself."""


def append(connection: Connection, actor: Actor, action: str, subject: str, **data: Any) -> None:
    """Note that ``actor`` did ``action`` to ``subject``, in the transaction in which it is done."""
    row = {
        "time": now(),
        "user": actor.user[:_LONGEST],
        "token": actor.token,
        "address": actor.address,
        "action": action,
        "subject": subject[:_LONGEST],
        "data": data,
    }
    connection.execute(insert(audit), row)


def with_entry(
    change: Change,
    actor: Actor,
    action: str,
    subject: str,
    **data: Any,
) -> Callable[[Connection], None]:
    """Return ``change`` with its entry: neither is committed without the other."""

    def both(connection: Connection) -> None:
        change(connection)
        append(connection, actor, action, subject, **data)

    return both


_MOST_FORGOTTEN = 1_000
"""Rows that are removed in one transaction."""


def forget(connection: Connection, before: str) -> int:
    """Remove some entries of ``before`` of what users did for themselves; return how many.

    Raises where they are younger than what the database lets go, `LEAST_KEPT_DAYS`.
    """
    old = select(audit.c.seq).where(audit.c.time < before, audit.c.action.in_(USER_ACTIONS))
    found = connection.execute(old.limit(_MOST_FORGOTTEN)).scalars().all()
    for some in in_blocks(found):
        connection.execute(delete(audit).where(audit.c.seq.in_(some)))
    return len(found)


def listing(
    connection: Connection,
    *,
    user: str | None = None,
    action: str | None = None,
    since: str | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[AuditRecord]:
    """Return the newest entries, newest first: of ``user``, of ``action``, ``since`` a moment.

    ``action`` may be the beginning of several, ``token`` of ``token.revoke``. ``before`` goes
    on after an entry of an earlier answer.
    """
    query = select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if user is not None:
        query = query.where((audit.c.user == user) | (audit.c.subject == user))
    if action is not None:
        query = query.where(
            (audit.c.action == action) | audit.c.action.startswith(f"{action}.", autoescape=True)
        )
    if since is not None:
        query = query.where(audit.c.time >= since)
    if before is not None:
        query = query.where(audit.c.seq < before)
    return [AuditRecord(**row) for row in connection.execute(query).mappings()]
