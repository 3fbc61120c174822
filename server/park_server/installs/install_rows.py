"""All that is asked of the database about installs, locks and environments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from park.errors import UnknownItem
from park.model.pins import SetHash, is_tree_version
from park.model.states import EnvironmentState, InstallState
from park.wire import (
    EnvironmentRecord,
    InstallRecord,
    InstallRequest,
    LocalWheel,
    PinRecord,
    ProgressRecord,
    SourceArchive,
    decode,
    encode,
)
from park_server import events
from park_server.clock import now
from park_server.db.tables import environments, installs, locks

__all__ = [
    "create",
    "enter",
    "environment_records",
    "get",
    "installed_as",
    "keep_environment",
    "keep_lock",
    "known_lock",
    "lock_document",
    "lock_hash_like",
    "note_progress",
    "record",
    "request_of",
    "set_hashes",
    "unfinished",
]

_SHORTEST_PREFIX = 6
"""Six hex digits of a lock hash: shorter ones are more likely a slip than a name."""


def create(
    connection: Connection,
    user: str,
    request: InstallRequest,
    set_hash: SetHash,
    state: InstallState,
) -> bool:
    """Write a new install; False where its id exists already (a retry of the client)."""
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
            "added": [],
            "realised": False,
            "created": now(),
            "updated": now(),
        },
    )
    return True


def get(connection: Connection, install: str, user: str | None = None) -> Row[Any]:
    """Return the row of ``install``; raises `UnknownItem` (also for another user's)."""
    row = connection.execute(select(installs).where(installs.c.id == install)).first()
    if row is None or (user is not None and row.user != user):
        raise UnknownItem(f"no install {install} on this service")
    return row


def enter(connection: Connection, install: str, state: InstallState, **changes: Any) -> None:
    """Take ``install`` to ``state``, with its event."""
    row = get(connection, install)
    connection.execute(
        update(installs)
        .where(installs.c.id == install)
        .values(state=state, updated=now(), **changes)
    )
    events.append(connection, subject="install", id=install, type=state, user=row.user)


def note_progress(connection: Connection, install: str, progress: ProgressRecord) -> None:
    """Append an event that says how far a stage of ``install`` is."""
    user = get(connection, install).user
    data = encode(progress)
    events.append(connection, subject="install", id=install, type="progress", user=user, **data)


def request_of(row: Row[Any]) -> InstallRequest:
    """Return the request that made the install ``row``."""
    return decode(InstallRequest, row.request)


def record(row: Row[Any]) -> InstallRecord:
    """Return what the wire says of the install ``row``, without what changes by the second."""
    return InstallRecord(
        id=row.id,
        state=row.state,
        project=row.project,
        version=row.version,
        python=row.python,
        set_hash=row.set_hash,
        lock_hash=row.lock_hash,
        added=[PinRecord(**pin) for pin in row.added],
        realised=row.realised,
        error=row.error,
    )


def unfinished(connection: Connection) -> list[str]:
    """Return the ids of the installs that a stopped service left unfinished, oldest first."""
    final = [state for state in InstallState if state.is_final]
    query = select(installs.c.id).where(installs.c.state.not_in(final)).order_by(installs.c.id)
    return list(connection.execute(query).scalars())


def known_lock(
    connection: Connection, request: InstallRequest, set_hash: SetHash
) -> Row[Any] | None:
    """Return a finished install of the same pins and the same files, whose lock serves again.

    The set hash covers the pins; the digests are compared too, because a lock selects bytes.
    """
    query = (
        select(installs)
        .where(installs.c.set_hash == set_hash, installs.c.lock_hash.is_not(None))
        .order_by(installs.c.id.desc())
    )
    wanted = _digests(request)
    rows = connection.execute(query)
    return next((row for row in rows if _digests(request_of(row)) == wanted), None)


def _digests(request: InstallRequest) -> list[str]:
    files: list[LocalWheel | SourceArchive] = [*request.wheels, *request.sources]
    return sorted(file.sha256 for file in files)


def keep_lock(connection: Connection, lock_hash: str, python: str, document: str) -> None:
    """Keep a lock for good; one that is known already stays as it is."""
    if connection.execute(select(locks.c.lock_hash).where(locks.c.lock_hash == lock_hash)).first():
        return
    row = {"lock_hash": lock_hash, "python": python, "document": document, "created": now()}
    connection.execute(insert(locks), row)


def lock_document(connection: Connection, lock_hash: str) -> str:
    """Return the PEP 751 document of ``lock_hash``; raises `UnknownItem`."""
    document = connection.execute(
        select(locks.c.document).where(locks.c.lock_hash == lock_hash)
    ).scalar_one_or_none()
    if document is None:
        raise UnknownItem(f"no lock {lock_hash} on this service", hint="`park versions` lists them")
    return str(document)


def lock_hash_like(connection: Connection, prefix: str) -> str:
    """Return the lock hash that alone begins with ``prefix``; raises `UnknownItem`."""
    query = select(locks.c.lock_hash).where(locks.c.lock_hash.startswith(prefix, autoescape=True))
    found = list(connection.execute(query.limit(2)).scalars())
    if len(prefix) < _SHORTEST_PREFIX or len(found) != 1:
        what = "several locks begin" if len(found) > 1 else "no lock begins"
        raise UnknownItem(f"{what} with {prefix!r}", hint="`park versions` lists them in full")
    return str(found[0])


def installed_as(
    connection: Connection,
    user: str,
    lock_hash: str,
    *,
    project: str | None = None,
    version: str | None = None,
) -> Row[Any]:
    """Return the newest install that came to ``lock_hash``, of this project and version if given.

    Those of ``user`` come first; others' working trees are not to be seen. Raises
    `UnknownItem`.
    """
    query = (
        select(installs)
        .where(installs.c.lock_hash == lock_hash, installs.c.state == InstallState.READY)
        .order_by((installs.c.user == user).desc(), installs.c.id.desc())
    )
    for name, wanted in ((installs.c.project, project), (installs.c.version, version)):
        query = query if wanted is None else query.where(name == wanted)
    found = next((row for row in connection.execute(query) if _may_see(row, user)), None)
    if found is None:
        what = f"{project or 'nothing'}{f'=={version}' if version else ''}"
        raise UnknownItem(
            f"{what} is not installed under lock {lock_hash[:12]}…",
            hint="`park env list` shows what is",
        )
    return found


def set_hashes(connection: Connection, lock_hash: str) -> list[str]:
    """Return the set hashes of the installs that came to ``lock_hash``, the newest first."""
    query = (
        select(installs.c.set_hash)
        .where(installs.c.lock_hash == lock_hash)
        .group_by(installs.c.set_hash)
        .order_by(func.max(installs.c.id).desc())
    )
    return list(connection.execute(query).scalars())


def keep_environment(
    connection: Connection, lock_hash: str, *, packages: int, size_bytes: int, own_bytes: int
) -> None:
    """Note that the environment of ``lock_hash`` is ready."""
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


def environment_records(
    connection: Connection, user: str, project: str | None
) -> list[EnvironmentRecord]:
    """Return each version with an environment that ``user`` may use, the newest install first.

    Another user's working trees are not among them.
    """
    newest = (
        select(func.max(installs.c.id))
        .where(installs.c.state == InstallState.READY)
        .group_by(installs.c.user, installs.c.project, installs.c.version, installs.c.lock_hash)
    )
    query = (
        select(
            installs,
            environments.c.packages,
            environments.c.size_bytes,
            environments.c.own_bytes,
            environments.c.last_used,
            environments.c.created.label("realised_at"),
            environments.c.state.label("status"),
        )
        .join(environments, environments.c.lock_hash == installs.c.lock_hash)
        .where(installs.c.id.in_(newest))
        .order_by(installs.c.id.desc())
    )
    if project is not None:
        query = query.where(installs.c.project == project)
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    return [_environment_record(row) for row in rows if _may_see(row, user)]


def _may_see(row: Row[Any], user: str) -> bool:
    return row.user == user or not any(is_tree_version(p["version"]) for p in row.request["pins"])


def _environment_record(row: Row[Any]) -> EnvironmentRecord:
    return EnvironmentRecord(
        project=row.project,
        version=row.version,
        python=row.python,
        lock_hash=row.lock_hash,
        set_hash=row.set_hash,
        status=row.status,
        packages=row.packages,
        size_bytes=row.size_bytes,
        own_bytes=row.own_bytes,
        created=row.realised_at,
        last_used=row.last_used,
        installed_by=row.user,
        # a thousand versions have tens of thousands of pins: no `decode` for each
        pins=[PinRecord(**pin) for pin in row.request["pins"]],
    )
