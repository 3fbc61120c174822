"""How long somebody waits, as he says it: a number of seconds, or None for as long as it takes."""

from __future__ import annotations

import math
import threading
import time
from datetime import timedelta
from numbers import Real

from park.errors import UsageError

__all__ = ["deadline_said", "seconds_said"]


def seconds_said(timeout: object) -> float | None:
    """Return ``timeout`` in seconds; None where it is longer than a thread can wait.

    Whoever waits asks this first, so that the answer does not depend on whether it is there
    already. A number of numpy is one. Raises `UsageError` for what is none.

    >>> seconds_said(5), seconds_said(None), seconds_said(float("inf"))
    (5.0, None, None)
    """
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, Real) or math.isnan(timeout):
        hint = "timeout.total_seconds()" if isinstance(timeout, timedelta) else None
        raise UsageError(
            f"timeout={timeout!r}: it is a number of seconds, or None for no limit", hint=hint
        )
    return float(timeout) if timeout < threading.TIMEOUT_MAX else None


def deadline_said(timeout: object) -> tuple[float | None, float | None]:
    """Return ``timeout`` in seconds, and the end of it on the monotonic clock."""
    seconds = seconds_said(timeout)
    return seconds, None if seconds is None else time.monotonic() + seconds
