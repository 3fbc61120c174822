"""Wake when a process ends, whoever its parent is, without polling: pidfds in the event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

__all__ = ["ProcessWatches"]


class ProcessWatches:
    """The processes that this event loop waits for."""

    def __init__(self) -> None:
        self._descriptors: set[int] = set()

    def watch(self, pid: int, on_end: Callable[[], None]) -> None:
        """Call ``on_end`` once, when process ``pid`` has ended; soon, where it already has."""
        loop = asyncio.get_running_loop()
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            loop.call_soon(on_end)
            return
        self._descriptors.add(descriptor)
        loop.add_reader(descriptor, self._ended, descriptor, on_end)

    def _ended(self, descriptor: int, on_end: Callable[[], None]) -> None:
        self._forget(descriptor)
        on_end()

    def _forget(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
        self._descriptors.discard(descriptor)
        os.close(descriptor)

    def close(self) -> None:
        """Stop waiting; the processes go on."""
        for descriptor in list(self._descriptors):
            self._forget(descriptor)
