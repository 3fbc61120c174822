"""The one place where the service reads the time of day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from park.errors import UsageError

__all__ = ["in_utc", "later", "now", "text_of", "timestamp"]


def now() -> str:
    """Return the time as RFC 3339 in UTC, to the microsecond: sortable as text."""
    return text_of(datetime.now(UTC))


def later(delay: timedelta) -> str:
    """Return the time at which ``delay`` will have passed."""
    return text_of(datetime.now(UTC) + delay)


def timestamp(seconds: float) -> str:
    """Return a Unix time as `now` writes it."""
    return text_of(datetime.fromtimestamp(seconds, UTC))


def text_of(moment: datetime) -> str:
    """Return ``moment`` (in UTC) as `now` writes it."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def in_utc(moment: datetime) -> str:
    """Return ``moment``, of any zone, as `now` writes it; raises `UsageError` beyond UTC."""
    try:
        return text_of(moment.astimezone(UTC))
    except OverflowError:
        raise UsageError(f"since={moment.isoformat()}: no such moment in UTC") from None
