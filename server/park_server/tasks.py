"""Work in the background of an event loop: held while it runs, its failures logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["Tasks"]

T = TypeVar("T")


class Tasks:
    """The tasks of one part of the service; ``failure`` is what the log says of one that raised.

    asyncio itself holds tasks by weak references only: one that nobody holds may vanish.
    """

    def __init__(self, log: logging.Logger, failure: str) -> None:
        self._log = log
        self._failure = failure
        self._running: set[asyncio.Task[Any]] = set()
        self._is_stopped = False

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` in the background; after `stop` it is not begun."""
        if self._is_stopped:  # those who call stop later: an engine still tells of an end
            work.close()
            return
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._reaped)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` returns; it goes on where whoever waits for it is cancelled."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def finish(self) -> None:
        """Wait until all is done, what it begins meanwhile included."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def stop(self) -> None:
        """Cancel what runs, wait until it has ended, and begin nothing more."""
        self._is_stopped = True
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _reaped(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error(self._failure, exc_info=error)
