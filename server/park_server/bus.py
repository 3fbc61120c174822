"""Wakes whoever waits for a subject: nothing in the service polls the database.

A publication carries no data. Whoever is woken reads the committed state again, so a
wake-up too many does no harm and none is ever lost: register first, then look, then wait.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from park.model.ids import JobId

__all__ = ["EVERYTHING", "HEARD", "Bus", "Subscription", "revocation_of", "start_of"]

T = TypeVar("T")

EVERYTHING = "*"
"""The subject that every publication wakes."""

HEARD = "heard"
"""The subject of what other services said of jobs there, of which nothing is written down."""


def start_of(job: JobId) -> str:
    """Return the subject of the start of ``job``: whoever waits for its end is not woken."""
    return f"{job}/start"


def revocation_of(grant: str) -> str:
    """Return the subject of the revocation of ``grant``."""
    return f"{grant}/revoked"


def _at_most(timeout_s: float) -> asyncio.Timeout:
    """Return a limit of the time of a block; unlike `asyncio.wait_for` it needs no task."""
    return asyncio.timeout(None if timeout_s == math.inf else timeout_s)


class Subscription:
    """What was published of some subjects since the last look.

    ``is_over``: the service is stopping, and nothing more is worth waiting for.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._published: set[str] = set()
        self._event = asyncio.Event()

    def wake(self, subject: str | None) -> None:
        """Note ``subject``; None says that the service is stopping."""
        if subject is None:
            self.is_over = True
        else:
            self._published.add(subject)
        self._event.set()

    @property
    def is_woken(self) -> bool:
        """Whether there is something to take."""
        return self._event.is_set()

    async def changed(self, timeout_s: float) -> set[str]:
        """Return the subjects published since the last call; none when the time is up."""
        with suppress(TimeoutError):
            async with _at_most(timeout_s):
                await self._event.wait()
        return self.taken()

    def taken(self) -> set[str]:
        """Return the subjects published since the last call, without waiting for one."""
        self._event.clear()
        found, self._published = self._published, set()
        return found


class Bus:
    """Waiters by subject (an id), for one event loop.

    ``is_over``: the service is stopping, and nothing more is worth waiting for.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self) -> None:
        """Bind to the running loop, so that `publish_threadsafe` can reach it."""
        self._loop = asyncio.get_running_loop()

    def publish(self, subject: str) -> None:
        """Wake all who wait for ``subject``; to be called in the event loop."""
        for key in (subject, EVERYTHING):
            for event in self._waiters.get(key, ()):
                event.set()
        for subscription in self._subscriptions.get(subject, ()):
            subscription.wake(subject)

    def publish_threadsafe(self, subject: str) -> None:
        """Call `publish` from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.publish, subject)

    def wake_all(self) -> None:
        """Wake every waiter, and those to come: the service is stopping."""
        self.is_over = True
        for events in self._waiters.values():
            for event in events:
                event.set()
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.wake(None)

    @contextmanager
    def subscribed(self, subjects: Collection[str]) -> Iterator[Subscription]:
        """Hear of any of ``subjects``, from now on: look at them after this."""
        subscription = Subscription()
        subscription.is_over = self.is_over
        for subject in subjects:
            self._subscriptions.setdefault(subject, set()).add(subscription)
        try:
            yield subscription
        finally:
            for subject in set(subjects):
                there = self._subscriptions[subject]
                there.discard(subscription)
                if not there:
                    del self._subscriptions[subject]

    async def wait_until(
        self, subject: str, look: Callable[[], T], done: Callable[[T], bool], timeout_s: float
    ) -> T:
        """Return what ``look`` sees as soon as ``done`` holds for it, or after ``timeout_s``.

        A stop of the service ends a wait as its time does, but one without a limit: that is
        the service's own, and whoever waits so is cancelled.
        """
        deadline = asyncio.get_running_loop().time() + timeout_s
        event = asyncio.Event()
        waiters = self._waiters.setdefault(subject, set())
        waiters.add(event)
        try:
            while True:
                seen = look()
                left = deadline - asyncio.get_running_loop().time()
                if done(seen) or left <= 0 or (self.is_over and timeout_s != math.inf):
                    return seen
                event.clear()
                try:
                    async with _at_most(left):
                        await event.wait()
                except TimeoutError:
                    return look()
        finally:
            waiters.discard(event)
            if not waiters:
                self._waiters.pop(subject, None)
