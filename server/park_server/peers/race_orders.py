"""Ends jobs on other services that have lost a race, however long these are silent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from park.errors import ParkError, UsageError
from park.model.ids import JobId
from park_repo.database import Database
from park_server.disk import Disk
from park_server.jobs import job_rows
from park_server.jobs.races import race_rows
from park_server.jobs.races.race_rows import Order
from park_server.peers import peer_rows
from park_server.peers.lent import Lent
from park_server.peers.link import Barred, Link
from park_server.tasks import Tasks

__all__ = ["RaceOrders"]

_log = logging.getLogger("park.peers")


class RaceOrders:
    """Carries out the orders of races; ``done`` is told of an ended race without any more.

    All methods belong to the event loop.
    """

    def __init__(
        self,
        *,
        database: Database,
        link: Callable[[str], Link],
        disk: Disk,
        done: Callable[[JobId], None],
    ) -> None:
        self._database = database
        self._link = link
        self._disk = disk
        self._done = done
        self._under_way: set[JobId] = set()
        self._again: set[JobId] = set()
        self._tasks = Tasks(_log, "the orders of a race could not be carried out")

    async def stop(self) -> None:
        """Leave what is not confirmed; the next start takes it up."""
        await self._tasks.stop()

    def are_open(self, race: JobId) -> bool:
        """Tell whether ``race`` has orders that are not confirmed."""
        return self._database.read(lambda c: race_rows.has_orders(c, race))

    def carry_out(self, race: JobId) -> None:
        """Send the orders of ``race`` until each is confirmed."""
        if race in self._under_way:
            self._again.add(race)
        else:
            self._under_way.add(race)
            self._tasks.spawn(self._carry_out(race))

    async def _carry_out(self, race: JobId) -> None:
        try:
            await self._send_all(race)
        finally:
            self._under_way.discard(race)
        if race in self._again:
            self._again.discard(race)
            self.carry_out(race)
        elif self._has_ended(race):
            self._done(race)

    def _has_ended(self, race: JobId) -> bool:
        return self._database.read(lambda c: job_rows.head_of(c, race)).status.is_final

    async def _send_all(self, race: JobId) -> None:
        orders, held = self._database.read(
            lambda c: (race_rows.orders_of(c, race), peer_rows.held_by(c, [race]))
        )
        lent = peer_rows.lent_in(held)
        await asyncio.gather(*(self._send(each, lent) for each in orders))

    async def _send(self, order: Order, lent: dict[tuple[str, str], Lent]) -> None:
        """Have one job ended; what its service refuses is over as well, and said."""
        try:
            link = self._link(order.service)
            opened_by = lent[order.race, link.url]
            answer = await link.patiently(lambda: link.end_job(order, opened_by))
        except (UsageError, Barred, ParkError) as error:
            answer = f"refused: {error}"
            _log.warning("job %s on %s was not ended: %s", order.competitor, order.service, error)
        except KeyError:
            answer = "refused: no grant of it came with the race"
        await self._disk.patiently(
            lambda: self._database.awrite(lambda c: race_rows.confirm(c, order, answer))
        )
