"""Futures of other threads, awaited in an event loop: those that end together wake it once.

`asyncio.wrap_future` wakes the loop for each of them, and a commit ends those of all its changes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["in_loop"]

T = TypeVar("T")


def in_loop(future: Future[T]) -> asyncio.Future[T]:
    """Return a future of the running loop that ends as ``future`` does.

    Cancelled, it cancels that, too.
    """
    loop = asyncio.get_running_loop()
    inbox = _inboxes.get(loop)
    if inbox is None:
        inbox = _inboxes[loop] = _Inbox(loop)
    waiting: asyncio.Future[T] = loop.create_future()
    waiting.add_done_callback(lambda it: future.cancel() if it.cancelled() else None)
    future.add_done_callback(lambda it: inbox.put(waiting, it))
    return waiting


class _Inbox:
    """What has ended and is not told yet; filled in any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call_soon = loop.call_soon_threadsafe
        self._ended: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._is_called = False

    def put(self, waiting: asyncio.Future[Any], ended: Future[Any]) -> None:
        self._ended.append((waiting, ended))
        if not self._is_called:
            self._is_called = True
            try:
                self._call_soon(self._tell)
            except RuntimeError:  # the loop is closed, and nobody waits any more
                self._ended.clear()

    def _tell(self) -> None:
        self._is_called = False  # first: what ends from here on calls again
        while self._ended:
            waiting, ended = self._ended.popleft()
            if not waiting.cancelled():
                _end_as(waiting, ended)


def _end_as(waiting: asyncio.Future[Any], ended: Future[Any]) -> None:
    try:
        error = ended.exception()
    except CancelledError:
        waiting.cancel()
        return
    if error is not None:
        # no future of a loop takes a StopIteration, and the others wait behind this one
        is_end = isinstance(error, StopIteration)
        waiting.set_exception(RuntimeError(f"it raised {error!r}") if is_end else error)
    else:
        waiting.set_result(ended.result())


_inboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Inbox] = WeakKeyDictionary()
