"""All outboxes of this process: woken together, flushed at its end, begun anew after a fork."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from typing import Protocol

from park.client.submission.exit_status import fail_the_exit
from park.client.submission.item import Item
from park.inert_text import inert

__all__ = ["every_outbox"]

_MOST_LINES = 10
"""Failures that are printed at the end of the interpreter, each on a line."""


_HASTE_S = 1.0
"""How long the end of an interrupted script waits for what is on its way."""

_GIVEN_UP = "interrupted while it was on its way"


class _Outbox(Protocol):
    """See `park.client.submission.outbox`."""

    def poke(self) -> None:
        """Look again: something that items there wait for has changed."""

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was taken so far is committed or failed."""

    def pending(self) -> list[Item]:
        """Return what is neither."""

    def forked(self) -> None:
        """Begin anew in a forked process."""


class _EveryOutbox:
    """The outboxes of this process, and what ``failed`` in them."""

    def __init__(self) -> None:
        self.failed: list[Item] = []
        self._lock = threading.Lock()
        self._outboxes: weakref.WeakSet[_Outbox] = weakref.WeakSet()
        self._exit_is_seen_to = False

    def add(self, outbox: _Outbox) -> None:
        """Care for ``outbox`` from now on."""
        with self._lock:
            self._outboxes.add(outbox)
        if not self._exit_is_seen_to:
            self._exit_is_seen_to = True
            self._see_to_the_exit()

    def poke(self, but: _Outbox | None = None) -> None:
        """Have all look again, ``but`` one."""
        for outbox in self._each():
            if outbox is not but:
                outbox.poke()

    def forked(self) -> None:
        """Begin anew in a forked process."""
        self._lock = threading.Lock()  # a thread that is not here may have held it
        self.failed.clear()
        for outbox in self._each():
            outbox.forked()

    def _each(self) -> list[_Outbox]:
        """Return those that are there now; another thread may add one meanwhile."""
        with self._lock:
            return list(self._outboxes)

    def _see_to_the_exit(self) -> None:
        """Have the interpreter's end wait for what is on its way, before threads are stopped."""
        register = getattr(threading, "_register_atexit", None)  # as `concurrent.futures` does
        (register or atexit.register)(self._exit)

    def _exit(self) -> None:
        """Wait for what is on its way, and tell what did not arrive while nobody asked."""
        try:
            # who has pressed Ctrl-C wants to leave, and not to wait
            in_haste = getattr(sys, "last_type", None) is KeyboardInterrupt
            for outbox in self._each():
                outbox.flush(_HASTE_S if in_haste else None)
        except KeyboardInterrupt:
            pass  # what was waited for is told below
        lost = [(item, str(item.error)) for item in self.failed if not item.told] + [
            (item, _GIVEN_UP) for outbox in self._each() for item in outbox.pending()
        ]
        for item, why in lost[:_MOST_LINES]:
            sys.stderr.write(inert(f"park: error: {item} was not submitted: {why}\n"))
        if len(lost) > _MOST_LINES:
            sys.stderr.write(f"park: error: … and {len(lost) - _MOST_LINES} more\n")
        hints = {getattr(item.error, "hint", None): None for item, _ in lost[:_MOST_LINES]}
        for hint in filter(None, hints):
            sys.stderr.write(inert(f"hint: {hint}\n"))
        if lost:
            atexit.register(fail_the_exit)


every_outbox = _EveryOutbox()
"""Those of this process."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=every_outbox.forked)
