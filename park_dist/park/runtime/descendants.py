"""What a process has started, however it left its session: found, and ended with it (Linux).

A daemon forks twice and begins a session of its own, and then nobody knows whose it is. So a
job adopts the orphans among its descendants, and its fork server those of jobs that have ended
(``PR_SET_CHILD_SUBREAPER``, prctl(2)): whatever a job started is below it in the tree of
processes while it lives, and a child of its fork server afterwards.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Container

from . import processes
from .protect import libc

__all__ = ["adopt_orphans", "children", "descendants", "end_descendants", "end_strangers"]

_PR_SET_CHILD_SUBREAPER = 36
"""Of linux/prctl.h, since Linux 3.4."""

_BLOCK = 65_536


def adopt_orphans() -> bool:
    """Become the parent of orphans below this process; tell whether the system lets it."""
    try:
        return bool(libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (ImportError, AttributeError, OSError):
        return False


def children(pid: int) -> list[int]:
    """Return the children of ``pid``, zombies too; none where it is gone, or nothing is told.

    Of all of its threads: each may have forked.
    """
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 (names alone; at each end)
    except OSError:
        return []
    files = (f"/proc/{pid}/task/{thread}/children" for thread in threads)
    return [int(child) for file in files for child in _words(file)]


def _words(path: str) -> list[bytes]:
    """Return the words in a file of the kernel's; none where it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    text = b""
    try:
        while block := os.read(descriptor, _BLOCK):
            text += block
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return text.split()


def descendants(pid: int) -> list[int]:
    """Return all below ``pid`` that is there at this moment, parents before their children."""
    found: list[int] = []
    pending = [pid]
    while pending:
        below = children(pending.pop())
        found += below
        pending += below
    return found


def end_descendants(pid: int, timeout_s: float) -> list[int]:
    """Kill what ``pid`` has started, and what that has; return what is left after ``timeout_s``.

    Again and again, because a process may fork while the others are listed. What the kernel
    cannot interrupt is left.
    """
    return _end(lambda: descendants(pid), timeout_s)


def end_strangers(known: Container[int], timeout_s: float) -> list[int]:
    """Kill and reap the children of this process that are not ``known``, with all below them.

    They were adopted from jobs that have ended. Returns what is left after ``timeout_s``.
    """

    def strangers() -> list[int]:
        adopted = [pid for pid in children(os.getpid()) if pid not in known]
        below = [each for pid in adopted for each in descendants(pid)]
        for pid in adopted:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        return [*adopted, *below]

    return _end(strangers, timeout_s)


def _end(listed: Callable[[], list[int]], timeout_s: float) -> list[int]:
    deadline = time.monotonic() + timeout_s
    while alive := _held(listed, deadline):
        for pid in alive:
            processes.kill_and_wait(pid, deadline)
        if time.monotonic() >= deadline:
            return alive
    return []


def _held(listed: Callable[[], list[int]], deadline: float) -> list[int]:
    """Return who is alive, each stopped: nobody forks while the others are killed."""
    held: dict[int, None] = {}
    while new := [pid for pid in listed() if pid not in held and processes.is_running(pid)]:
        for pid in new:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGSTOP)
        held |= dict.fromkeys(new)
        if time.monotonic() >= deadline:
            break
    return list(held)
