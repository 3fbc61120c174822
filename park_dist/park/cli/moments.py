"""Moments and lengths of time as people type and read them: a while ago, a day, ten minutes."""

from __future__ import annotations

import argparse
import math
from datetime import UTC, datetime, timedelta

from park.errors import UsageError
from park.model.durations import parse_duration

__all__ = ["local_minute", "local_second", "parse_seconds", "parse_since"]


def parse_seconds(text: str) -> float:
    """Return the seconds of an option: ``90`` are seconds, and so are ``1.5m``, ``2h``, ``1d``.

    Raises `argparse.ArgumentTypeError`, which the parser says with the name of the option.
    """
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parse_duration(text)
        except (ValueError, OverflowError):
            seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no length of time; for example 90 (seconds), 10m, 2h"
        )
    return seconds


def parse_since(text: str, now: datetime) -> datetime:
    """Return the moment that ``text`` names: ``2h`` (before ``now``), or in ISO 8601.

    A moment without a zone is of the zone here; a date is its midnight. Raises `UsageError`.
    """
    try:
        return now - timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since {text!r} is no moment",
            hint="for example 2h, 3d, 2026-11-27, 2026-11-27T14:30",
        ) from None


def local_minute(seconds: float) -> str:
    """Return a Unix time as the clock here shows it, to the minute: ``2026-11-27 14:30``."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def local_second(moment: str | None) -> str | None:
    """Return a moment of a service's record as the clock here shows it: ``2026-11-27 14:30:59``.

    None where there is none. What is no moment comes back as it is: a service may say anything.
    """
    if moment is None:
        return None
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return moment
