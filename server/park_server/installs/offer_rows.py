"""All that is asked of the database about offers. One is known by project, version and Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select, update

from park.model.lock_hash import LockHash
from park.model.states import InstallState
from park.wire import OfferRecord
from park_server.clock import now
from park_server.db.tables import installs, offers
from park_server.envs import environment_rows

__all__ = [
    "Offer",
    "Offered",
    "every",
    "find",
    "is_offered",
    "pin",
    "point_to",
    "record_of",
    "replace",
    "unpinned",
    "withdraw",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """What is kept ready: a project at a version, for one Python minor."""

    project: str
    version: str
    python: str

    @property
    def holder(self) -> str:
        """Under whose name the environment is pinned: no user has such a name."""
        return f"offer {self.project}=={self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """An offer and how far it is: ``state``, ``lock_hash`` and ``error`` are its install's.

    ``user`` made it; ``error`` is one line.
    """

    offered: Offered
    user: str
    install: str
    created: str
    state: InstallState
    lock_hash: LockHash | None
    error: str | None


_OFFERS = select(
    *(offers.c[name] for name in ("project", "version", "python", "user", "install", "created")),
    *(installs.c[name] for name in ("state", "lock_hash", "error")),
).join(installs, installs.c.id == offers.c.install)


def every(connection: Connection) -> list[Offer]:
    """Return every offer, by project and version."""
    order = (offers.c.project, offers.c.version, offers.c.python)
    return [_offer(row) for row in connection.execute(_OFFERS.order_by(*order))]


def unpinned(connection: Connection) -> list[Offer]:
    """Return the offers whose environment is not pinned, but may yet be had."""
    query = _OFFERS.where(offers.c.is_pinned.is_(False), installs.c.state != InstallState.FAILED)
    return [_offer(row) for row in connection.execute(query)]


def find(connection: Connection, offered: Offered) -> Offer | None:
    """Return the offer of ``offered``, or None."""
    row = connection.execute(_OFFERS.where(_key(offered))).first()
    return None if row is None else _offer(row)


def is_offered(connection: Connection, install: str) -> bool:
    """Tell whether an install is an offer's: then it is everybody's."""
    query = select(offers.c.install).where(offers.c.install == install)
    return connection.execute(query).first() is not None


def replace(connection: Connection, offered: Offered, user: str, install: str) -> None:
    """Write the offer of ``offered`` by ``install``, in the place of another of its version."""
    connection.execute(delete(offers).where(_key(offered)))
    connection.execute(
        insert(offers),
        {
            "project": offered.project,
            "version": offered.version,
            "python": offered.python,
            "user": user,
            "install": install,
            "is_pinned": False,
            "created": now(),
        },
    )


def point_to(connection: Connection, offer: Offer, install: str) -> None:
    """Let an offer that still goes by its install go by another one."""
    connection.execute(update(offers).where(_is_still(offer)).values(install=install))


def pin(connection: Connection, offer: Offer, lock_hash: LockHash) -> None:
    """Keep the environment of an offer from eviction, unless the offer changed meanwhile."""
    changed = connection.execute(update(offers).where(_is_still(offer)).values(is_pinned=True))
    if changed.rowcount:
        environment_rows.pin(connection, lock_hash, offer.offered.holder)


def withdraw(connection: Connection, offer: Offer) -> None:
    """Remove an offer, and the pin of its environment."""
    connection.execute(delete(offers).where(_key(offer.offered)))
    if offer.lock_hash is not None:
        environment_rows.unpin(connection, offer.lock_hash, offer.offered.holder)


def record_of(offer: Offer) -> OfferRecord:
    """Return what the wire says of ``offer``."""
    return OfferRecord(
        project=offer.offered.project,
        version=offer.offered.version,
        python=offer.offered.python,
        install=offer.install,
        state=offer.state,
        lock_hash=offer.lock_hash,
        error=offer.error,
        created=offer.created,
    )


def _key(offered: Offered) -> ColumnElement[bool]:
    return and_(
        offers.c.project == offered.project,
        offers.c.version == offered.version,
        offers.c.python == offered.python,
    )


def _is_still(offer: Offer) -> ColumnElement[bool]:
    return and_(_key(offer.offered), offers.c.install == offer.install)


def _offer(row: Row[Any]) -> Offer:
    return Offer(
        offered=Offered(project=row.project, version=row.version, python=row.python),
        user=row.user,
        install=row.install,
        created=row.created,
        state=InstallState(row.state),
        lock_hash=None if row.lock_hash is None else LockHash(row.lock_hash),
        error=(row.error or {}).get("detail"),
    )
