"""A database server that cannot be reached for a while: waited for, and told of."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from park.model.backoff import Backoff
from park_repo.clock import now
from park_repo.sql.losses import is_loss

__all__ = ["Outage"]

_log = logging.getLogger("park.database")

_LIMIT_S = 60.0
"""How long a write waits for the server: longer than most restarts and failovers take."""

_FRESH_S = 0.5
"""How long nobody tries again in vain: a read may be one of the event loop."""

_BACKOFF = Backoff(first_s=0.05, longest_s=1.0)


class Outage:
    """What is known of the way to the server; from any thread."""

    def __init__(
        self, *, limit_s: float = _LIMIT_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._closing = threading.Event()
        self._lost: tuple[str, BaseException] | None = None
        self._failed_at = 0.0

    @property
    def remark(self) -> str:
        """A line for people, or nothing where the database is there."""
        if (lost := self._lost) is None:
            return ""
        since, error = lost
        return f"the database cannot be reached since {since}: {_line_of(error)}"

    @property
    def fresh(self) -> BaseException | None:
        """The failure of just now, where to try again at once would be in vain."""
        lost = self._lost
        is_fresh = lost is not None and self._clock() < self._failed_at + _FRESH_S
        return lost[1] if lost is not None and is_fresh else None

    def begin(self, error: BaseException) -> None:
        """Note that the server was lost, or still is."""
        self._failed_at = self._clock()
        if self._lost is None:
            self._lost = (now(), error)
            _log.error("the database is lost: %s; what is written waits for it", _line_of(error))

    def over(self) -> None:
        """Note that the server has answered."""
        if (lost := self._lost) is not None:
            self._lost = None
            _log.warning("the database, lost since %s, is there again", lost[0])

    def outlasts(self, error: BaseException, failures: int, started: float) -> bool:
        """Tell, after a pause, whether what failed with ``error`` is to be tried again.

        ``failures`` is how often it has failed since it was ``started``.
        """
        if not is_loss(error):
            return False
        self.begin(error)
        if self._clock() - started > self._limit_s:
            return False
        return not self._closing.wait(_BACKOFF.after(failures))

    def give_up(self) -> None:
        """Wait for nothing any more: the service stops."""
        self._closing.set()

    def started(self) -> float:
        """Return the moment from which a write waits, for `outlasts`."""
        return self._clock()


def _line_of(error: BaseException) -> str:
    return " ".join(str(getattr(error, "orig", error)).split())
