"""What comes while one thing is being done is done together, behind it: nobody waits for more.

So what each of many would cost is paid once, and whoever comes alone waits for nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from park_server.tasks import Tasks

__all__ = ["Gathering"]

_log = logging.getLogger("park.jobs")

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Gathering(Generic[Item, Outcome]):
    """Has ``act`` do items, as many together as ``may_join`` lets; for one event loop.

    ``act`` does all of its items or none, in their order, and has one outcome for them: where it
    raises, each is done by itself. ``may_join`` tells whether an item goes with those before it.
    """

    def __init__(
        self,
        act: Callable[[Sequence[Item]], Awaitable[Outcome]],
        may_join: Callable[[Sequence[Item], Item], bool],
    ) -> None:
        self._act = act
        self._may_join = may_join
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        self._is_busy = False
        self._tasks = Tasks(_log, "what had come together was not done")

    async def do(self, item: Item) -> Outcome:
        """Have ``item`` done; raises what its doing raises. Cancelled in time, it is not done."""
        if self._is_busy:
            outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            self._waiting.append((item, outcome))
            return await outcome
        self._is_busy = True
        try:
            return await self._act([item])
        finally:
            if self._waiting:  # whoever came first is answered meanwhile
                self._tasks.spawn(self._rest())
            else:
                self._is_busy = False

    async def _rest(self) -> None:
        try:
            while some := self._taken():
                await self._done(some)
        finally:
            self._is_busy = False
            for _, outcome in self._waiting:  # none, but where this is cancelled
                outcome.cancel()
            self._waiting.clear()

    def _taken(self) -> list[tuple[Item, asyncio.Future[Outcome]]]:
        some: list[tuple[Item, asyncio.Future[Outcome]]] = []
        items: list[Item] = []
        while self._waiting and (not items or self._may_join(items, self._waiting[0][0])):
            item, outcome = self._waiting.popleft()
            if not outcome.done():
                some.append((item, outcome))
                items.append(item)
        return some

    async def _done(self, some: Sequence[tuple[Item, asyncio.Future[Outcome]]]) -> None:
        try:
            found = await self._act([item for item, _ in some])
        except Exception as error:  # noqa: BLE001 (whoever waits for it hears of it)
            if len(some) > 1:
                for each in some:
                    await self._done([each])
            elif not some[0][1].done():
                some[0][1].set_exception(error)
        else:
            for _, outcome in some:
                if not outcome.done():
                    outcome.set_result(found)
