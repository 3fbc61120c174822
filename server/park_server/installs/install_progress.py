"""The progress of installs: kept in memory for who looks, told as events to who follows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from park.wire import ProgressRecord
from park_server.bus import Bus

__all__ = ["Account", "ProgressBoard"]

_SHORTEST_PAUSE_S = 0.1
"""A person sees ten changes a second as movement; more would only cost."""

_EVENT_PAUSE_S = 1.0
"""Between two events of one stage: the log is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """How far an install is: each stage that has begun, and the one that moved last.

    ``revision`` grows with every change that is worth a look. ``compiling`` tells that the
    environment is of use, and its bytecode follows.
    """

    revision: int = 0
    stages: tuple[ProgressRecord, ...] = ()
    last: ProgressRecord | None = None
    compiling: bool = False


@dataclass(slots=True)
class _Entry:
    revision: int = 0
    stages: dict[str, ProgressRecord] = field(default_factory=dict)
    last: ProgressRecord | None = None
    published: float = 0.0
    recorded: dict[str, float] = field(default_factory=dict)
    compiling: bool = False


class ProgressBoard:
    """The newest progress of each install.

    ``record`` writes an event: at the first and the last step of each stage, and about once
    a second between. It is called from any thread and must not wait.
    """

    def __init__(
        self,
        bus: Bus,
        record: Callable[[str, ProgressRecord], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._record = record
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def note(self, install: str, progress: ProgressRecord) -> None:
        """Take ``progress`` from any thread; a new stage and a last step are always published."""
        now = self._clock()
        with self._lock:
            entry = self._entries.setdefault(install, _Entry())
            is_turn = progress.stage not in entry.stages or progress.done >= progress.total
            entry.stages[progress.stage] = entry.last = progress
            recorded = is_turn or now - entry.recorded.get(progress.stage, 0.0) >= _EVENT_PAUSE_S
            published = is_turn or now - entry.published >= _SHORTEST_PAUSE_S
            if recorded:
                entry.recorded[progress.stage] = now
            if published:
                entry.published = now
                entry.revision += 1
        if recorded:
            self._record(install, progress)
        if published:
            self._bus.publish_threadsafe(install)

    def changed(self, install: str) -> None:
        """Count a change of the install's state; to be called in the event loop."""
        with self._lock:
            self._entries.setdefault(install, _Entry()).revision += 1
        self._bus.publish(install)

    def compiling(self, install: str, *, begins: bool) -> None:
        """Note that bytecode follows, or that it is there; to be called in the event loop."""
        with self._lock:
            self._entries.setdefault(install, _Entry()).compiling = begins
        self.changed(install)

    def of(self, install: str) -> Account:
        """Return the account of ``install``."""
        with self._lock:
            entry = self._entries.get(install)
            if entry is None:
                return Account()
            return Account(
                revision=entry.revision,
                stages=tuple(entry.stages.values()),
                last=entry.last,
                compiling=entry.compiling,
            )
