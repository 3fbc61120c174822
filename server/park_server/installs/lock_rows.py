"""All that is asked of the database about locks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from park.errors import UnknownItem
from park.model.lock_hash import LockHash
from park.model.pins import Pin, parse_pin
from park.wire import InstallRequest, decode
from park_server.clock import now
from park_server.db.tables import installs, locks
from park_server.envs.environment_rows import SHORTEST_PREFIX
from park_server.installs.checked_request import CheckedRequest, TreeWheel, tree_wheels
from park_server.installs.install_rows import pins_of

__all__ = [
    "HINT",
    "Earlier",
    "KnownLock",
    "document",
    "earlier",
    "hash_like",
    "is_there",
    "keep",
    "known",
]


HINT = "`park versions` lists them in full"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownLock:
    """The lock of an earlier install; ``added`` is what only this platform needed."""

    lock_hash: LockHash
    added: tuple[Pin, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """What an earlier install was of, and the PEP 751 document of its lock."""

    pins: frozenset[Pin]
    wheels: tuple[TreeWheel, ...]
    has_sources: bool
    document: str


def keep(connection: Connection, lock_hash: str, python: str, document: str) -> None:
    """Keep a lock, until its trees go; one that is known already stays as it is."""
    if connection.execute(select(locks.c.lock_hash).where(locks.c.lock_hash == lock_hash)).first():
        return
    row = {"lock_hash": lock_hash, "python": python, "document": document, "created": now()}
    connection.execute(insert(locks), row)


def is_there(connection: Connection, lock_hash: LockHash) -> bool:
    """Tell whether a lock is kept."""
    query = select(locks.c.lock_hash).where(locks.c.lock_hash == lock_hash)
    return connection.execute(query).first() is not None


def document(connection: Connection, lock_hash: str) -> str:
    """Return the PEP 751 document of ``lock_hash``; raises `UnknownItem`."""
    found = connection.execute(
        select(locks.c.document).where(locks.c.lock_hash == lock_hash)
    ).scalar_one_or_none()
    if found is None:
        raise UnknownItem(f"no lock {lock_hash} on this service", hint="`park versions` lists them")
    return str(found)


def hash_like(connection: Connection, prefix: str) -> LockHash:
    """Return the lock hash that alone begins with ``prefix``; raises `UnknownItem`."""
    if len(prefix) < SHORTEST_PREFIX:
        said = f"{prefix!r} is too short for a lock hash: {SHORTEST_PREFIX} digits or more name one"
        raise UnknownItem(said, hint=HINT)
    query = select(locks.c.lock_hash).where(locks.c.lock_hash.startswith(prefix, autoescape=True))
    found = list(connection.execute(query.limit(2)).scalars())
    if len(found) != 1:
        what = "several locks begin" if len(found) > 1 else "no lock begins"
        raise UnknownItem(f"{what} with {prefix!r}", hint=HINT)
    return LockHash(found[0])


def known(connection: Connection, request: CheckedRequest) -> KnownLock | None:
    """Return the lock of a finished install of the same pins and files: it serves again.

    The set hash covers the pins; the digests are compared too, because a lock selects bytes.
    """
    query = (
        select(installs.c.lock_hash, installs.c.added, installs.c.request)
        .where(installs.c.set_hash == request.set_hash, installs.c.lock_hash.is_not(None))
        .order_by(installs.c.id.desc())
    )
    for row in connection.execute(query):
        if _digests(row.request) == request.digests:
            return KnownLock(lock_hash=LockHash(row.lock_hash), added=pins_of(row.added))
    return None


def _digests(request: Mapping[str, Any]) -> list[str]:
    """Return the SHA-256 of the files of a kept request, sorted."""
    files = (*request["wheels"], *request.get("sources", ()))
    return sorted(file["sha256"] for file in files)


def earlier(connection: Connection, request: CheckedRequest, limit: int) -> list[Earlier]:
    """Return the last installs of the project by its user that have a lock, newest first."""
    query = (
        select(installs.c.request, locks.c.document)
        .join(locks, locks.c.lock_hash == installs.c.lock_hash)
        .where(installs.c.user == request.user, installs.c.project == request.project)
        .where(installs.c.python == request.requirements.python)
        .order_by(installs.c.id.desc())
        .limit(limit)
    )
    return [_earlier(row.request, row.document) for row in connection.execute(query)]


def _earlier(kept: Mapping[str, Any], document: str) -> Earlier:
    request = decode(InstallRequest, kept)
    return Earlier(
        pins=frozenset(parse_pin(pin.name, pin.version) for pin in request.pins),
        wheels=tree_wheels(request),
        has_sources=bool(request.sources),
        document=document,
    )
