"""All that is asked of the database about installs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from park.errors import UnknownItem
from park.model.lock_hash import LockHash
from park.model.pins import Pin, SetHash, parse_pin
from park.model.states import InstallState
from park.wire import InstallRecord, InstallRequest, PinRecord, ProgressRecord, decode, encode
from park_server import events
from park_server.clock import now
from park_server.db.event_kinds import PROGRESS
from park_server.db.prepared import PreparedOfMany
from park_server.db.tables import installs
from park_server.envs.environment_rows import may_see

__all__ = [
    "Install",
    "came_to",
    "create",
    "documents_of",
    "enter",
    "get",
    "installed_as",
    "note_progress",
    "pins_of",
    "record_of",
    "request_of",
    "sets_of_locks",
    "unfinished",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Install:
    """An install as the database has it, but for the request, which may be long.

    ``added`` is what only this platform needed; ``error`` a problem document.
    """

    id: str
    user: str
    project: str
    version: str
    python: str
    set_hash: SetHash
    state: InstallState
    lock_hash: LockHash | None
    added: tuple[Pin, ...]
    realised: bool
    error: dict[str, Any] | None


_COLUMNS = tuple(installs.c[name] for name in Install.__dataclass_fields__)


def create(
    connection: Connection,
    user: str,
    request: InstallRequest,
    set_hash: SetHash,
    state: InstallState,
    *,
    lock: LockHash | None = None,
) -> bool:
    """Write a new install, under ``lock`` where that is settled.

    Returns False where its id exists already (a retry of the client).
    """
    known = connection.execute(select(installs.c.id).where(installs.c.id == request.id)).first()
    if known is not None:
        return False
    connection.execute(
        insert(installs),
        {
            "id": request.id,
            "user": user,
            "project": request.project,
            "version": request.version,
            "python": request.python,
            "set_hash": set_hash,
            "request": encode(request),
            "state": state,
            "lock_hash": lock,
            "added": [],
            "realised": False,
            "created": now(),
            "updated": now(),
        },
    )
    return True


def get(connection: Connection, install: str, user: str | None = None) -> Install:
    """Return the install; raises `UnknownItem` (also for another user's)."""
    row = connection.execute(select(*_COLUMNS).where(installs.c.id == install)).first()
    if row is None or (user is not None and row.user != user):
        raise UnknownItem(f"no install {install} on this service")
    return _install(row)


def request_of(connection: Connection, install: str) -> InstallRequest:
    """Return the request that made ``install``, which exists."""
    query = select(installs.c.request).where(installs.c.id == install)
    return decode(InstallRequest, connection.execute(query).scalar_one())


def enter(connection: Connection, install: str, state: InstallState, **changes: Any) -> None:
    """Take ``install`` to ``state``, with its event; ``changes`` are of its columns."""
    user = get(connection, install).user
    connection.execute(
        update(installs)
        .where(installs.c.id == install)
        .values(state=state, updated=now(), **changes)
    )
    events.append(connection, subject="install", id=install, type=state, user=user)


def note_progress(connection: Connection, install: str, progress: ProgressRecord) -> None:
    """Append an event that says how far a stage of ``install`` is."""
    user = get(connection, install).user
    data = encode(progress)
    events.append(connection, subject="install", id=install, type=PROGRESS, user=user, **data)


def unfinished(connection: Connection) -> list[Install]:
    """Return the installs that a stopped service left unfinished, oldest first."""
    final = [state for state in InstallState if state.is_final]
    query = select(*_COLUMNS).where(installs.c.state.not_in(final)).order_by(installs.c.id)
    return [_install(row) for row in connection.execute(query)]


def installed_as(
    connection: Connection,
    user: str,
    lock_hash: str,
    *,
    project: str | None = None,
    version: str | None = None,
) -> Install:
    """Return the newest install that came to ``lock_hash``, of this project and version if given.

    Those of ``user`` come first; others' working trees are not to be seen. Raises
    `UnknownItem`.
    """
    query = (
        select(*_COLUMNS)
        .add_columns(installs.c.request)
        .where(installs.c.lock_hash == lock_hash, installs.c.state == InstallState.READY)
        .order_by((installs.c.user == user).desc(), installs.c.id.desc())
    )
    for name, wanted in ((installs.c.project, project), (installs.c.version, version)):
        query = query if wanted is None else query.where(name == wanted)
    for row in connection.execute(query):
        if may_see(user, row.user, row.request):
            return _install(row)
    what = f"{project or 'nothing'}{f'=={version}' if version else ''}"
    raise UnknownItem(
        f"{what} is not installed under lock {lock_hash[:12]}…",
        hint="`park env list` shows what is",
    )


_CAME_TO = PreparedOfMany(
    lambda locks: select(installs.c.lock_hash).where(installs.c.lock_hash.in_(locks)).distinct()
)


def came_to(connection: Connection, lock_hashes: Collection[str]) -> set[str]:
    """Return those of ``lock_hashes`` that some install came to."""
    return {lock_hash for (lock_hash,) in _CAME_TO.all(connection, lock_hashes)}


_SETS = PreparedOfMany(
    lambda locks: (
        select(installs.c.lock_hash, installs.c.set_hash)
        .where(installs.c.lock_hash.in_(locks))
        .group_by(installs.c.lock_hash, installs.c.set_hash)
        .order_by(func.max(installs.c.id).desc())
    )
)


def sets_of_locks(connection: Connection, lock_hashes: Collection[str]) -> dict[str, list[str]]:
    """Return the set hashes of the installs that came to each of ``lock_hashes``, newest first.

    One that no install came to is not there.
    """
    found: dict[str, list[str]] = {}
    for lock_hash, set_hash in _SETS.all(connection, lock_hashes):
        found.setdefault(lock_hash, []).append(set_hash)
    return found


def pins_of(documents: Iterable[Mapping[str, str]]) -> tuple[Pin, ...]:
    """Return the pins that a column holds as JSON."""
    return tuple(parse_pin(each["name"], each["version"]) for each in documents)


def documents_of(pins: Iterable[Pin]) -> list[dict[str, str]]:
    """Return ``pins`` as a column holds them."""
    return [{"name": pin.name, "version": pin.version} for pin in pins]


def record_of(install: Install) -> InstallRecord:
    """Return what the wire says of ``install``, without what changes by the second."""
    return InstallRecord(
        id=install.id,
        state=install.state,
        project=install.project,
        version=install.version,
        python=install.python,
        set_hash=install.set_hash,
        lock_hash=install.lock_hash,
        added=[PinRecord(name=pin.name, version=pin.version) for pin in install.added],
        realised=install.realised,
        error=install.error,
    )


def _install(row: Row[Any]) -> Install:
    return Install(
        id=row.id,
        user=row.user,
        project=row.project,
        version=row.version,
        python=row.python,
        set_hash=SetHash(row.set_hash),
        state=InstallState(row.state),
        lock_hash=None if row.lock_hash is None else LockHash(row.lock_hash),
        added=pins_of(row.added),
        realised=row.realised,
        error=row.error,
    )
