"""What is known of a service that does not answer, and when to ask it again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from park.model.backoff import Backoff

__all__ = ["Outage"]

_BACKOFF = Backoff(first_s=0.05, longest_s=0.5)
"""A service that restarts is heard again within that, so well within a second."""

_LONG_AFTER_S = 300.0
_LONG_PAUSE_S = 5.0
"""One that is down for long is not hammered; it hardly matters to whom waits that long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """A silence: since when (RFC 3339, and on the clock of the loop), and the last ``reason``."""

    since: str
    began_s: float
    reason: str
    failures: int = 1

    def again(self, reason: str) -> Outage:
        """Return the outage after another failure."""
        return replace(self, reason=reason, failures=self.failures + 1)

    def pause_s(self, now_s: float) -> float:
        """Return the seconds to wait before the next attempt."""
        if now_s - self.began_s >= _LONG_AFTER_S:
            return _LONG_PAUSE_S
        return _BACKOFF.after(self.failures)

    def told(self, host: str) -> str:
        """Return the line for people who wait."""
        return (
            f"{host} has not answered since {self.since[:16].replace('T', ' ')} UTC: {self.reason}"
        )
