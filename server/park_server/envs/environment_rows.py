"""All that is asked of the database about the life of environments.

A lock outlives its environment, which may come and go. Every change appends an event for
each user who has an install of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    delete,
    false,
    insert,
    select,
    true,
    update,
)

from park.errors import Conflict, UnknownItem
from park.model.lock_hash import LockHash
from park.model.pins import is_tree_version
from park.model.states import EnvironmentState, InstallState, JobState
from park_server import events
from park_server.clock import now
from park_server.db.event_kinds import PINNED, UNPINNED
from park_server.db.tables import environment_pins, environments, installs, jobs, locks
from park_server.trust.sharing import NOTHING, Shared

__all__ = [
    "SHORTEST_PREFIX",
    "Installed",
    "KnownEnvironment",
    "Lock",
    "busy",
    "enter",
    "every",
    "evict",
    "find",
    "grown",
    "installed",
    "keep",
    "known",
    "lock",
    "may_see",
    "newest_first",
    "of_others",
    "own_bytes",
    "pin",
    "pinned",
    "ready",
    "unpin",
]

SHORTEST_PREFIX = 6
"""Six hex digits of a lock hash: shorter ones are more likely a slip than a name."""

_HEX = frozenset("0123456789abcdef")

_MOST_NAMED = 500
"""So many rows are asked for by their keys; databases take some thousands of parameters."""

_NEEDED_BY = (JobState.QUEUED, JobState.RUNNING)
"""Jobs in these states are bound to their environment and will not ask for it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """A kept lock: its PEP 751 document and its Python minor; ``user`` installed it."""

    document: str
    python: str
    user: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownEnvironment:
    """What is known of an environment, on the disk or evicted. Times are RFC 3339 in UTC.

    ``size_bytes`` is all that it links to, ``own_bytes`` what it takes alone; ``realised`` is
    when it was made the last time.
    """

    lock_hash: LockHash
    state: EnvironmentState
    python: str
    packages: int
    size_bytes: int
    own_bytes: int
    created: str
    realised: str
    last_used: str | None


class Installed(NamedTuple):
    """One version of a project that came to a lock, and who installed it.

    A tuple, since a listing makes thousands of them where a model is worked on.
    """

    project: str
    version: str
    user: str


def lock(connection: Connection, lock_hash: str) -> Lock:
    """Return the lock; raises `UnknownItem` where nothing was ever installed under it."""
    row = connection.execute(
        select(locks.c.document, locks.c.python, installs.c.user)
        .join(installs, installs.c.lock_hash == locks.c.lock_hash)
        .where(locks.c.lock_hash == lock_hash)
        .order_by(installs.c.id.desc())
    ).first()
    if row is None:
        raise UnknownItem(f"no lock {lock_hash} on this service", hint="`park env list`")
    return Lock(document=row.document, python=row.python, user=row.user)


_ENVIRONMENTS = (
    select(environments, locks.c.python)
    .join(locks, locks.c.lock_hash == environments.c.lock_hash)
    .order_by(environments.c.created.desc())
)


def every(connection: Connection) -> list[KnownEnvironment]:
    """Return all environments, the newest first."""
    return [_environment(row) for row in connection.execute(_ENVIRONMENTS)]


def newest_first(connection: Connection, prefix: str = "") -> list[LockHash]:
    """Return the lock hashes of all environments that begin with ``prefix``, the newest first."""
    query = select(environments.c.lock_hash).where(_begins(environments.c.lock_hash, prefix))
    found = connection.execute(query.order_by(environments.c.created.desc()))
    return list(found.scalars().all())


def known(
    connection: Connection, lock_hashes: Collection[LockHash]
) -> dict[LockHash, KnownEnvironment]:
    """Return what is known of these environments, by lock hash."""
    if len(lock_hashes) > _MOST_NAMED:
        wanted = frozenset(lock_hashes)
        return {each.lock_hash: each for each in every(connection) if each.lock_hash in wanted}
    rows = connection.execute(_ENVIRONMENTS.where(environments.c.lock_hash.in_(lock_hashes)))
    return {LockHash(row.lock_hash): _environment(row) for row in rows}


def own_bytes(connection: Connection) -> dict[LockHash, int]:
    """Return what each environment takes alone while it is on the disk, by lock hash."""
    rows = connection.execute(select(environments.c.lock_hash, environments.c.own_bytes))
    return {LockHash(lock_hash): size for lock_hash, size in rows}


def _begins(lock_hash: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Return the condition that it begins so: a range, which an index answers."""
    if not prefix:
        return true()
    if not set(prefix) <= _HEX:
        return false()
    return and_(lock_hash >= prefix, lock_hash < f"{prefix}g")  # f is the last of hex digits


def find(connection: Connection, lock_hash: str) -> KnownEnvironment | None:
    """Return the environment, or None where there never was one."""
    query = _ENVIRONMENTS.where(environments.c.lock_hash == lock_hash)
    row = connection.execute(query).first()
    return None if row is None else _environment(row)


def _environment(row: Row[Any]) -> KnownEnvironment:
    return KnownEnvironment(
        lock_hash=LockHash(row.lock_hash),
        state=EnvironmentState(row.state),
        python=row.python,
        packages=row.packages,
        size_bytes=row.size_bytes,
        own_bytes=row.own_bytes,
        created=row.created,
        realised=row.realised,
        last_used=row.last_used,
    )


def may_see(user: str, owner: str, request: Mapping[str, Any], shared: Shared = NOTHING) -> bool:
    """Tell whether ``user`` may see what ``owner`` installed: another's trees are not to be seen.

    But for those of projects that are ``shared`` with him. ``request`` is as it is kept; there
    may be thousands, so none is decoded.
    """
    return owner == user or all(
        (owner, canonicalize_name(pin["name"])) in shared
        for pin in request["pins"]
        if is_tree_version(pin["version"])
    )


def of_others(user: str) -> ColumnElement[Any]:
    """Return the column ``request_of_others``: what `may_see` reads of installs of others.

    The request of an install is most of it. Of the user's own, which are thousands where a
    model is worked on, it is null.
    """
    return case((installs.c.user != user, installs.c.request)).label("request_of_others")


def installed(
    connection: Connection, user: str, prefix: str = "", shared: Shared = NOTHING
) -> dict[str, list[Installed]]:
    """Return what was installed under each lock hash whose environment ``user`` may see.

    Of those lock hashes that begin with ``prefix``. Another user's working trees are not to be
    seen, nor environments that hold them, unless they are ``shared``.
    """
    query = (
        select(installs.c.lock_hash, installs.c.project, installs.c.version, installs.c.user)
        .add_columns(of_others(user))
        .where(installs.c.lock_hash.is_not(None), installs.c.state == InstallState.READY)
        .where(_begins(installs.c.lock_hash, prefix))
        .order_by(installs.c.id)
    )
    found: defaultdict[str, dict[Installed, None]] = defaultdict(dict)
    for lock_hash, project, version, owner, request in connection.execute(query).all():
        if owner == user or may_see(user, owner, request, shared):
            found[lock_hash][Installed(project, version, owner)] = None
    return {lock_hash: list(each) for lock_hash, each in found.items()}


def enter(connection: Connection, lock_hash: str, state: EnvironmentState, **data: Any) -> None:
    """Take an environment to ``state``, with its events; ``data`` goes into these."""
    connection.execute(
        update(environments).where(environments.c.lock_hash == lock_hash).values(state=state)
    )
    _tell(connection, lock_hash, state, **data)


def keep(
    connection: Connection, lock_hash: str, *, packages: int, size_bytes: int, own_bytes: int
) -> None:
    """Note that the environment of ``lock_hash``, perhaps a new one, is ready."""
    facts = {
        "state": EnvironmentState.READY,
        "packages": packages,
        "size_bytes": size_bytes,
        "own_bytes": own_bytes,
        "realised": now(),
    }
    changed = connection.execute(
        update(environments).where(environments.c.lock_hash == lock_hash).values(**facts)
    )
    if not changed.rowcount:
        connection.execute(
            insert(environments), {"lock_hash": lock_hash, "created": now(), **facts}
        )


def ready(
    connection: Connection, lock_hash: str, *, packages: int, size_bytes: int, own_bytes: int
) -> None:
    """Note that an environment that is known was made again."""
    connection.execute(
        update(environments)
        .where(environments.c.lock_hash == lock_hash)
        .values(packages=packages, size_bytes=size_bytes, own_bytes=own_bytes, realised=now())
    )
    enter(connection, lock_hash, EnvironmentState.READY)


def grown(connection: Connection, lock_hash: str, size_bytes: int) -> None:
    """Note what an environment takes now that it has its bytecode."""
    connection.execute(
        update(environments)
        .where(environments.c.lock_hash == lock_hash)
        .values(size_bytes=size_bytes)
    )


def _tell(connection: Connection, lock_hash: str, what: str, **data: Any) -> None:
    users = select(installs.c.user).where(installs.c.lock_hash == lock_hash).distinct()
    for user in connection.execute(users).scalars():
        events.append(connection, subject="environment", id=lock_hash, type=what, user=user, **data)


def busy(connection: Connection) -> set[LockHash]:
    """Return the lock hashes of the environments in which jobs run, or are about to."""
    query = select(jobs.c.lock_hash).where(jobs.c.status.in_(_NEEDED_BY)).distinct()
    return {LockHash(found) for found in connection.execute(query).scalars() if found}


def evict(connection: Connection, lock_hash: str, *, why: str) -> None:
    """Note that an environment goes, before it does; its lock and wheels stay.

    Raises `Conflict` where a job runs in it, or somebody pinned it.
    """
    if lock_hash in busy(connection):
        raise Conflict(
            f"a job runs in environment {lock_hash}", hint="`park jobs`: wait for it, or cancel it"
        )
    if users := pinned(connection).get(lock_hash):
        raise Conflict(
            f"environment {lock_hash} is pinned by {', '.join(users)}",
            hint=f"park env unpin {lock_hash[:12]}",
        )
    enter(connection, lock_hash, EnvironmentState.EVICTED, why=why)


def pinned(connection: Connection) -> dict[str, list[str]]:
    """Return who pinned each environment, by lock hash."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in connection.execute(select(environment_pins).order_by(environment_pins.c.user)):
        found[row.lock_hash].append(row.user)
    return dict(found)


def pin(connection: Connection, lock_hash: str, user: str) -> None:
    """Keep an environment from eviction for ``user``; a second time changes nothing."""
    known = select(environment_pins).where(_pin_of(lock_hash, user))
    if connection.execute(known).first() is None:
        row = {"lock_hash": lock_hash, "user": user, "created": now()}
        connection.execute(insert(environment_pins), row)
        _tell(connection, lock_hash, PINNED)


def unpin(connection: Connection, lock_hash: str, user: str) -> None:
    """Take back the pin of ``user``; nothing happens where there is none."""
    gone = connection.execute(delete(environment_pins).where(_pin_of(lock_hash, user)))
    if gone.rowcount:
        _tell(connection, lock_hash, UNPINNED)


def _pin_of(lock_hash: str, user: str) -> ColumnElement[bool]:
    return and_(environment_pins.c.lock_hash == lock_hash, environment_pins.c.user == user)
