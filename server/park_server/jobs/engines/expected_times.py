"""How long a job is expected to take: by what it says, else by earlier ones of its entry point."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from statistics import median

from park.wire import JobRequest
from park_server.jobs.engines.offers import SHORT_S

__all__ = ["LATEST", "ExpectedTimes"]

LATEST = 9
"""How many of the latest are looked at: what a function takes changes as it is edited."""

_MOST_NAMES = 4096


class ExpectedTimes:
    """What calls took lately, by user and entry point; from any thread.

    Learned from the jobs that complete while the service runs: before the first one nothing is
    expected. What takes up to ``short_s`` is for pilots, where a service has any.
    """

    def __init__(self, short_s: float = SHORT_S) -> None:
        self.short_s = short_s
        self._lock = threading.Lock()
        self._taken: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def note(self, user: str, entry_point: str, seconds: float) -> None:
        """Note that a call has completed, and took so long."""
        with self._lock:
            name = (user, entry_point)
            self._taken.setdefault(name, deque(maxlen=LATEST)).append(seconds)
            self._taken.move_to_end(name)
            if len(self._taken) > _MOST_NAMES:
                self._taken.popitem(last=False)

    def of(self, user: str, request: JobRequest) -> float | None:
        """Return the seconds that are expected of a job; None where nothing is known.

        The time that it asks for counts first, then what earlier ones took, then its limit.
        """
        asked = request.resources
        if asked is not None and asked.walltime_s is not None:
            return asked.walltime_s
        with self._lock:
            taken = list(self._taken.get((user, request.entry_point), ()))
        return median(taken) if taken else request.timeout_s
