"""All that is asked of the database about large submissions on their way in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, insert, select

from park_server.db.tables import arriving

__all__ = [
    "Arriving",
    "accepted",
    "add",
    "discard_all",
    "discard_unfinished",
    "document_of",
    "forget",
    "is_any",
    "remove",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arriving:
    """A piece of a submission of ``user``, with ``behind`` pieces after it.

    Delays count from ``accepted``, a moment as text.
    """

    submission: str
    behind: int
    user: str
    accepted: str


def add(connection: Connection, piece: Arriving, document: str) -> None:
    """Write ``piece``; the last one is what accepts its submission."""
    connection.execute(
        insert(arriving),
        {
            "submission": piece.submission,
            "behind": piece.behind,
            "user": piece.user,
            "accepted": piece.accepted,
            "document": document,
        },
    )


def remove(connection: Connection, piece: Arriving) -> bool:
    """Remove ``piece``, whose jobs are there; tell whether it was still wanted."""
    removed = connection.execute(
        delete(arriving).where(
            and_(arriving.c.submission == piece.submission, arriving.c.behind == piece.behind)
        )
    )
    return removed.rowcount > 0


def discard_all(connection: Connection, user: str) -> None:
    """Remove all of ``user``: it is not wanted any more."""
    connection.execute(delete(arriving).where(arriving.c.user == user))


def forget(connection: Connection, submission: str) -> None:
    """Remove all of ``submission``, which is not accepted."""
    connection.execute(delete(arriving).where(arriving.c.submission == submission))


def is_any(connection: Connection) -> bool:
    """Tell whether anything is on its way."""
    return connection.execute(select(arriving.c.submission).limit(1)).first() is not None


def discard_unfinished(connection: Connection) -> None:
    """Remove what never was accepted: its last piece did not come."""
    whole = select(arriving.c.submission).where(arriving.c.behind == 0)
    connection.execute(delete(arriving).where(arriving.c.submission.not_in(whole)))


def accepted(connection: Connection) -> Sequence[Arriving]:
    """Return the pieces that are to become jobs, in their order."""
    columns = (arriving.c.submission, arriving.c.behind, arriving.c.user, arriving.c.accepted)
    query = select(*columns).order_by(
        arriving.c.accepted, arriving.c.submission, arriving.c.behind.desc()
    )
    return [
        Arriving(submission=submission, behind=behind, user=user, accepted=moment)
        for submission, behind, user, moment in connection.execute(query)
    ]


def document_of(connection: Connection, piece: Arriving) -> str | None:
    """Return the requests of ``piece``, as JSON; None where it is not wanted any more."""
    query = select(arriving.c.document).where(
        and_(arriving.c.submission == piece.submission, arriving.c.behind == piece.behind)
    )
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found
