"""What is known of what runs used, beside the database: for the thread that writes, in no time.

What takes time, files and views of locks, `MemoDesk` finds out, and says here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TypeVar

from park.model.memo.usage import Usage
from park_server.clock import now
from park_server.jobs.memo.decision import Asked, Candidate

__all__ = ["Looks"]

_MOST = 20_000
"""Usages, and comparisons of one with a lock, that are remembered."""


class Looks:
    """Looks at what runs used; from any thread.

    A look at files beside an environment counts for jobs that were submitted before it, as
    long as no run has ended since, which may have changed them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._usages: OrderedDict[str, Usage] = OrderedDict()
        self._changes: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._unchanged: dict[str, str] = {}
        self._last_end = ""

    def run_ended(self) -> None:
        """Note that what was looked at before may be different now."""
        with self._lock:
            self._last_end = now()
            self._unchanged.clear()

    def usage(self, digest: str) -> Usage | None:
        """Return the usage of that digest, where it was read before."""
        with self._lock:
            return self._usages.get(digest)

    def know(self, digest: str, usage: Usage) -> None:
        """Remember a usage."""
        with self._lock:
            _remember(self._usages, digest, usage)

    def compared(self, digest: str, lock_hash: str, change: str | None) -> None:
        """Remember what of a usage is another in a lock; None where all is the same."""
        with self._lock:
            _remember(self._changes, (digest, lock_hash), change or "")

    def change(self, asked: Asked, candidate: Candidate) -> str | None:
        """Say what is known to be another for ``asked`` than for a run; None for nothing."""
        if candidate.usage is None or candidate.lock_hash == asked.lock_hash:
            return None
        with self._lock:
            return self._changes.get((candidate.usage, asked.lock_hash)) or None

    def unchanged(self, digest: str, looked: str) -> None:
        """Remember that what a usage has beside its environment was as it was, at ``looked``."""
        with self._lock:
            if looked > self._last_end:
                self._unchanged[digest] = looked

    def answers(self, asked: Asked, candidate: Candidate) -> bool | None:
        """Tell whether a run that completed answers ``asked``; None: that is to be looked at."""
        is_same_lock = candidate.lock_hash == asked.lock_hash
        if candidate.usage is None:
            return is_same_lock
        with self._lock:
            usage = self._usages.get(candidate.usage)
            if usage is None:
                return None
            if not is_same_lock:
                if usage.only_this_lock is not None:
                    return False
                change = self._changes.get((candidate.usage, asked.lock_hash))
                if change is None:
                    return None
                if change:
                    return False
            looked = self._unchanged.get(candidate.usage, "")
            return True if looked > asked.submitted else None


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _remember(found: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    found[key] = value
    found.move_to_end(key)
    if len(found) > _MOST:
        found.popitem(last=False)
