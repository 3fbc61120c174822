"""The one place where the service reads the time of day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["later", "now", "timestamp"]


def now() -> str:
    """Return the time as RFC 3339 in UTC, to the microsecond: sortable as text."""
    return _text(datetime.now(UTC))


def later(delay: timedelta) -> str:
    """Return the time at which ``delay`` will have passed."""
    return _text(datetime.now(UTC) + delay)


def timestamp(seconds: float) -> str:
    """Return a Unix time as `now` writes it."""
    return _text(datetime.fromtimestamp(seconds, UTC))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
