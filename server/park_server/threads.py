"""Blocking work in a thread that is never left alone with what it works on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

__all__ = ["in_thread", "in_thread_of"]

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``function`` in a thread; when cancelled, wait until it has returned.

    `asyncio.to_thread` would return at once, and the file be closed that is written to.
    """
    task = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # seen; the cancellation is what is told
        raise


async def in_thread_of(user: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``function`` as `in_thread` does, when nothing else is done so for ``user``.

    For what keeps the processor: each thread that does is one more that the event loop waits for
    whenever it wants the interpreter, 5 ms each time, and there are few threads. So a user who
    sends many large requests at once has one of these, and others have theirs.
    """
    async with _at_work.setdefault(user, asyncio.Lock()):
        return await in_thread(function, *args, **kwargs)


_at_work: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""The locks that somebody holds or waits for, each by its user."""
