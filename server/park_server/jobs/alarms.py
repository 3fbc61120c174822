"""Something to do at a moment by the wall clock."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

__all__ = ["Alarms"]

_log = logging.getLogger("park.jobs")

_LOOKS_AFTER_S = 60.0
"""A machine sleeps, and clocks are set: how late an alarm may be after that."""

_AT_ONCE = 100
"""Alarms in one step of the event loop: thousands may have the same moment."""


class Alarms:
    """The alarms of a service, on one timer. All methods belong to the event loop."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count()  # of two at one moment, the first comes first
        self._timer: asyncio.TimerHandle | None = None

    def at(self, moment: datetime, action: Callable[[], None]) -> None:
        """Call ``action`` once ``moment`` has come, at once where it has and none waits before."""
        is_first = not self._waiting or moment < self._waiting[0][0]
        if is_first and moment <= datetime.now(UTC):
            action()
            return
        alarm = (moment, next(self._numbers), action)
        heapq.heappush(self._waiting, alarm)
        if self._waiting[0] is alarm:
            self._arm()

    def stop(self) -> None:
        """Call nothing any more."""
        self._waiting.clear()
        self._disarm()

    def _arm(self) -> None:
        self._disarm()
        if self._waiting:
            left = (self._waiting[0][0] - datetime.now(UTC)).total_seconds()
            delay = min(max(left, 0.0), _LOOKS_AFTER_S)
            self._timer = asyncio.get_running_loop().call_later(delay, self._ring)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        now = datetime.now(UTC)
        due = 0
        while self._waiting and self._waiting[0][0] <= now and due < _AT_ONCE:
            due += 1
            _, _, action = heapq.heappop(self._waiting)
            try:
                action()
            except Exception:  # noqa: BLE001 (the others must ring)
                _log.exception("what was to be done at a moment failed")
        self._arm()
