"""All that is asked of the database about approvals, and about what they cover."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from park.wire import ApprovalRecord
from park_server.db.tables import approvals, installs, locks, offers

__all__ = ["add", "document_of", "every", "is_offered", "locks_of", "remove", "sets_of"]


def every(connection: Connection) -> list[ApprovalRecord]:
    """Return all approvals, by what is approved."""
    rows = connection.execute(select(approvals).order_by(approvals.c.what))
    return [ApprovalRecord(**row._mapping) for row in rows]  # noqa: SLF001 (public, for names)


def add(connection: Connection, record: ApprovalRecord) -> None:
    """Write an approval, in the place of an earlier one of the same."""
    connection.execute(delete(approvals).where(approvals.c.what == record.what))
    row = {"what": record.what, "user": record.user, "note": record.note, "created": record.created}
    connection.execute(insert(approvals), row)


def remove(connection: Connection, what: str) -> bool:
    """Remove an approval; tell whether there was one."""
    return connection.execute(delete(approvals).where(approvals.c.what == what)).rowcount > 0


def is_offered(connection: Connection, lock_hash: str) -> bool:
    """Tell whether a lock is that of an offer: what an operator keeps ready, he approved."""
    query = select(installs.c.id).join(offers, offers.c.install == installs.c.id)
    return connection.execute(query.where(installs.c.lock_hash == lock_hash)).first() is not None


def sets_of(connection: Connection, lock_hash: str) -> set[str]:
    """Return the hashes of the sets whose installs came to a lock."""
    query = select(installs.c.set_hash).where(installs.c.lock_hash == lock_hash).distinct()
    return set(connection.execute(query).scalars())


def locks_of(connection: Connection, set_hash: str) -> set[str]:
    """Return the locks that installs of a set came to."""
    query = select(installs.c.lock_hash).where(installs.c.set_hash == set_hash).distinct()
    return {each for each in connection.execute(query).scalars() if each is not None}


def document_of(connection: Connection, lock_hash: str) -> str | None:
    """Return the text of a lock; None where it is not here."""
    query = select(locks.c.document).where(locks.c.lock_hash == lock_hash)
    return connection.execute(query).scalar()
