"""Something to do at a moment by the wall clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["Alarms"]

_LOOKS_AFTER_S = 60.0
"""A machine sleeps, and clocks are set: how late an alarm may be after that."""


class Alarms:
    """The alarms of a service. All methods belong to the event loop."""

    def __init__(self) -> None:
        self._handles: dict[object, asyncio.TimerHandle] = {}

    def at(self, moment: datetime, action: Callable[[], None]) -> None:
        """Call ``action`` once ``moment`` has come, at once where it has."""
        self._wait(object(), moment, action)

    def stop(self) -> None:
        """Call nothing any more."""
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()

    def _wait(self, key: object, moment: datetime, action: Callable[[], None]) -> None:
        self._handles.pop(key, None)
        left = (moment - datetime.now(UTC)).total_seconds()
        if left <= 0:
            action()
            return
        loop = asyncio.get_running_loop()
        delay = min(left, _LOOKS_AFTER_S)
        self._handles[key] = loop.call_later(delay, self._wait, key, moment, action)
