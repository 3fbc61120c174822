"""Whose run a job was answered with, as people read it."""

from __future__ import annotations

from datetime import UTC, datetime

from park.model.conditions import brief

__all__ = ["memoized", "run_name"]

_UNIX_HEX = 12
"""Hexadecimal digits at the beginning of a UUIDv7: milliseconds since 1970 (RFC 9562)."""


def memoized(job: str) -> str:
    """Return what is said of a job that was answered with the run of ``job``."""
    return f"run {run_name(job)}"


def run_name(job: str) -> str:
    """Return ``job`` with the day on which it was submitted, which its id tells."""
    day = _day(job)
    return brief(job) if day is None else f"{brief(job)} of {day.day} {_MONTHS[day.month - 1]}"


def _day(job: str) -> datetime | None:
    digits = job.replace("-", "")
    try:
        moment = int(digits[:_UNIX_HEX], 16) / 1000
        return datetime.fromtimestamp(moment, UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""In English, whatever the locale."""
