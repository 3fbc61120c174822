"""The progress of running installs: kept in memory, published a few times a second."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from park.wire import ProgressRecord
from park_server.bus import Bus

__all__ = ["ProgressBoard"]

_SHORTEST_PAUSE_S = 0.1
"""A person sees ten changes a second as movement; more would only cost."""


@dataclass(slots=True)
class _Entry:
    revision: int = 0
    progress: ProgressRecord | None = None
    published: float = 0.0


class ProgressBoard:
    """The newest progress of each install, and a revision that grows with each change."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def note(self, install: str, progress: ProgressRecord) -> None:
        """Take ``progress`` from any thread; a new stage and a last step are always published."""
        with self._lock:
            entry = self._entries.setdefault(install, _Entry())
            before, entry.progress = entry.progress, progress
            is_turn = before is None or before.stage != progress.stage
            is_turn = is_turn or progress.done >= progress.total
            if not is_turn and time.monotonic() - entry.published < _SHORTEST_PAUSE_S:
                return
            entry.published = time.monotonic()
            entry.revision += 1
        self._bus.publish_threadsafe(install)

    def changed(self, install: str) -> None:
        """Count a change of the install's state; to be called in the event loop."""
        with self._lock:
            self._entries.setdefault(install, _Entry()).revision += 1
        self._bus.publish(install)

    def of(self, install: str) -> tuple[int, ProgressRecord | None]:
        """Return the revision and the newest progress of ``install``."""
        with self._lock:
            entry = self._entries.get(install)
            return (0, None) if entry is None else (entry.revision, entry.progress)

    def forget_progress(self, install: str) -> None:
        """Drop what a final install showed; its revision stays for those who still follow."""
        with self._lock:
            if install in self._entries:
                self._entries[install].progress = None
