"""A process for several jobs, one after the other: how it is made ready for the next, and when not.

A job may ask for that (``reuse``); then it has what earlier ones of the same user, environment and
module left in memory: modules, globals, native threads. All else is as it was before the first, or
the process ends with the job that changed it, as that of any other job does.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .. import outcome  # noqa: TID252 (named otherwise in environments)
from ..cage.kernel import libc  # noqa: TID252 (named otherwise in environments)
from ..surroundings import lift_memory_limit  # noqa: TID252 (named otherwise in environments)

__all__ = ["MOST_JOBS", "Reuse"]

MOST_JOBS = 200
"""After so many the process ends: what they leave in memory adds up (Celery's and
`multiprocessing`'s workers have a setting for the same)."""

_HANDLED = (
    *(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM),
    *(signal.SIGCHLD, signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2),
)
"""The signals by which jobs are ended, and those for which programs have handlers."""

_PEAK_OF_NOW = b"5"
"""What forgets how much memory a process once had: clear_refs of proc(5)."""


@dataclass(kw_only=True, slots=True)
class Reuse:
    """What a process was like before its first job. ``jobs`` counts those that it has begun."""

    variables: dict[bytes, bytes]
    path: list[str]
    exit_handlers: int
    handlers: list[Any]
    umask: int
    jobs: int = 0
    cpu_s: float = 0.0

    @classmethod
    def of_this(cls) -> Reuse:
        """Return what this process is like."""
        return cls(
            variables=dict(os.environb),
            path=sys.path.copy(),
            exit_handlers=_exit_handlers(),
            handlers=_handlers(),
            umask=_umask(),
        )

    def begin(self) -> None:
        """Have what follows be another job's: its processor time and its peak of memory too."""
        self.jobs += 1
        if self.jobs > 1:
            self.cpu_s = outcome.cpu_s()
            with suppress(OSError):  # a /proc that may only be read: then it has the peak of all
                _write("/proc/self/clear_refs", _PEAK_OF_NOW)

    def may_go_on(self) -> bool:
        """Tell whether a job has left nothing that runs, or is to run, after it."""
        return (
            self.jobs < MOST_JOBS
            and threading.active_count() == 1
            and _exit_handlers() == self.exit_handlers
            and _handlers() == self.handlers
            and not _has_children()
        )

    def restore(self) -> None:
        """Take back what a job has changed of the surroundings of the next."""
        for flush in (sys.stdout.flush, sys.stderr.flush, _flush_native):
            with suppress(Exception):
                flush()
        signal.alarm(0)
        os.umask(self.umask)
        os.chdir("/")  # the folder of a job may be removed
        lift_memory_limit()
        sys.path[:] = self.path
        now = dict(os.environb)
        for name in now.keys() - self.variables.keys():
            del os.environb[name]
        for name, value in self.variables.items():
            if now.get(name) != value:
                os.environb[name] = value


def _exit_handlers() -> int:
    count: Callable[[], int] = atexit._ncallbacks  # noqa: SLF001
    return count()


def _handlers() -> list[Any]:
    return [signal.getsignal(number) for number in _HANDLED]


def _umask() -> int:
    found = os.umask(0o077)
    os.umask(found)
    return found


def _has_children() -> bool:
    """Tell whether this process has any, those that have ended too; they are left as they are."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _flush_native() -> None:
    """Write out what C code has printed: it would stand in what the next job prints."""
    libc().fflush(None)


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)
