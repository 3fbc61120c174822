"""Grants of other services, renewed for as long as a job here needs them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from park.errors import ParkError
from park_repo.database import Database
from park_server.peers import peer_rows
from park_server.peers.link import Barred, Link
from park_server.peers.peer_rows import Held
from park_server.tasks import Tasks

__all__ = ["Renewals"]

_log = logging.getLogger("park.peers")

_EVERY_S = 6 * 3600.0
"""A grant is good for a day: three in a row may fail."""


class Renewals:
    """Renews what is held, at once and every six hours, from the first grant on.

    ``link`` gives the way to a service; ``pause`` waits between two rounds.
    """

    def __init__(
        self,
        database: Database,
        link: Callable[[str], Link],
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._link = link
        self._pause = pause
        self._has_begun = False
        self._tasks = Tasks(_log, "grants of other services could not be renewed")

    async def stop(self) -> None:
        """Leave it; the next start begins with all that is held."""
        await self._tasks.stop()

    def begin(self) -> None:
        """Begin, unless that was done."""
        if not self._has_begun:
            self._has_begun = True
            self._tasks.spawn(self._run())

    async def _run(self) -> None:
        while True:
            try:
                await self.renew_all()
            except Exception:  # noqa: BLE001 (the next round may work)
                _log.exception("grants of other services could not be renewed")
            await self._pause(_EVERY_S)

    async def renew_all(self) -> None:
        """Renew each grant that is held once, whichever jobs share it."""
        held = self._database.read(peer_rows.bound)
        await asyncio.gather(*(self._renew(each) for each in held))

    async def _renew(self, held: Held) -> None:
        try:
            link = self._link(held.service)
            await link.patiently(lambda: link.renew(held.lent))
        except (ParkError, Barred) as error:
            _log.info("a grant of %s is not renewed: %s", held.service, error)
