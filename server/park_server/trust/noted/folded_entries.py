"""Failed logins that were only counted, written to the audit log: once a minute, and at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from park_repo.database import Database
from park_server.tasks import Tasks
from park_server.trust.noted.failed_logins import FailedLogins

__all__ = ["FoldedEntries"]

_log = logging.getLogger("park.trust")

_EVERY_S = 60.0
"""What a service that is killed forgets of a flood, at the most."""


class FoldedEntries:
    """Writes what ``failed`` has counted. Belongs to the event loop; ``pause`` waits seconds."""

    def __init__(
        self,
        database: Database,
        failed: FailedLogins,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._failed = failed
        self._pause = pause
        self._tasks = Tasks(_log, "failed logins are not written down any more")

    def start(self) -> None:
        """Begin to write."""
        self._tasks.spawn(self._now_and_then())

    async def stop(self) -> None:
        """Write what is left, and no more."""
        await self._tasks.stop()
        await self._write()

    async def _now_and_then(self) -> None:
        while True:
            await self._pause(_EVERY_S)
            await self._write()

    async def _write(self) -> None:
        if (folded := self._failed.taken()) is None:
            return
        try:
            await self._database.awrite(folded.write)
        except Exception:  # noqa: BLE001 (a full disk, say: they are counted on)
            self._failed.give_back(folded)
            _log.exception("failed logins could not be written down; it is tried again")
