"""Patience with a full disk: work that is done is not lost because nobody can write it down."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["when_there_is_room"]

T = TypeVar("T")

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

_PATIENCE_S = 3_600.0
"""After that the job ends as one that left no outcome."""

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0


def when_there_is_room(step: Callable[[], T], pause: Callable[[float], None] = time.sleep) -> T:
    """Return what ``step`` returns, trying again while the disk is full.

    Raises what ``step`` raises otherwise, and its `OSError` after an hour of that.
    """
    left_s, pause_s = _PATIENCE_S, _FIRST_PAUSE_S
    while True:
        try:
            return step()
        except OSError as error:
            if error.errno not in _FULL or left_s <= 0:
                raise
        pause(pause_s)
        left_s -= pause_s
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
