"""Installs in a database, for tests of what reads and writes them."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from support.labs.databases import database_at
from support.labs.environment_lab import own_interpreter

from park.model.ids import uuid7
from park.model.lock_hash import LockHash
from park.model.states import InstallState
from park.wire import InstallRequest, LocalWheel, PinRecord
from park_repo.database import Database
from park_server.installs import install_rows, lock_rows
from park_server.installs.checked_request import CheckedRequest, checked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

__all__ = [
    "INTERPRETERS",
    "LOCKS",
    "MINOR",
    "TREE",
    "add_install",
    "checked_request",
    "install_request",
    "local_wheel",
    "opened_database",
]

_OWN = own_interpreter()
MINOR = _OWN.target.python
INTERPRETERS = {MINOR: _OWN}

TREE = "1.0+t0123456789abcdef"
"""The version of a working tree."""

LOCKS = [LockHash(digit * 64) for digit in "abcdef"]
"""Lock hashes that differ in their first digit."""

_milliseconds = itertools.count(1)
"""When requests are made: ids of one millisecond would sort by chance."""


@contextmanager
def opened_database(folder: Path) -> Iterator[Database]:
    """Give the database of a new service."""
    database = database_at(folder)
    yield database
    database.close()


def local_wheel(name: str, version: str, *, sha256: str = "0" * 64) -> LocalWheel:
    """Return a pure wheel by its digest."""
    filename = f"{name}-{version}-py3-none-any.whl"
    return LocalWheel(name=name, version=version, filename=filename, sha256=sha256, size=1)


def install_request(*pins: str, **changes: Any) -> InstallRequest:
    """Return the request for ``pins`` (``name==version``), the first of which is the project.

    Each is newer than the one before.
    """
    named = [pin.split("==") for pin in pins]
    facts: dict[str, Any] = {
        "id": uuid7(next(_milliseconds), 0),
        "project": named[0][0],
        "version": named[0][1],
        "python": MINOR,
        "pins": [PinRecord(name=name, version=version) for name, version in named],
    }
    return InstallRequest(**facts | changes)


def checked_request(*pins: str, user: str = "ada", **changes: Any) -> CheckedRequest:
    """Return the same as every station takes it."""
    return checked(user, install_request(*pins, **changes), INTERPRETERS)


def add_install(
    database: Database,
    request: InstallRequest,
    *,
    user: str = "ada",
    state: InstallState = InstallState.READY,
    lock: LockHash | None = None,
    document: str = "",
    **changes: Any,
) -> str:
    """Write an install in ``state``, with its lock where it has one; return its id."""
    set_hash = checked(user, request, INTERPRETERS).set_hash

    def write(connection: Connection) -> None:
        install_rows.create(connection, user, request, set_hash, InstallState.RESOLVING)
        if lock is not None:
            lock_rows.keep(connection, lock, MINOR, document)
        install_rows.enter(connection, request.id, state, lock_hash=lock, **changes)

    database.write(write).result()
    return request.id
