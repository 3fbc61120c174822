"""A disk that takes nothing until the test makes room, in the words of SQLite and the system."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from support.session.limits import LIMIT_S

from park_repo.database import Database

__all__ = ["FullDisk", "no_room"]


def no_room() -> OSError:
    """Return what the system says of a full disk."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def database_is_full() -> OperationalError:
    """Return what SQLAlchemy makes of what SQLite says of a full disk."""
    said = sqlite3.OperationalError("database or disk is full")
    said.sqlite_errorcode = sqlite3.SQLITE_FULL
    return OperationalError("COMMIT", {}, said)


class FullDisk:
    """Refuses commits of ``database``, and calls of what `guard` returns, while ``is_full``."""

    def __init__(self, database: Database) -> None:
        self.is_full = False
        self._refused = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        event.listen(database.engine, "commit", self._on_commit)

    def _on_commit(self, *_: object) -> None:
        if self.is_full:
            self._refuse()
            raise database_is_full()

    def guard(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``function``, but that it fails where the disk is full."""

        def guarded(*args: Any, **kwargs: Any) -> Any:
            if self.is_full:
                self._refuse()
                raise no_room()
            return function(*args, **kwargs)

        return guarded

    def _refuse(self) -> None:
        self._loop.call_soon_threadsafe(self._refused.set)

    async def refused(self) -> None:
        """Wait until it has refused something since the last call."""
        await asyncio.wait_for(self._refused.wait(), LIMIT_S)
        self._refused.clear()
