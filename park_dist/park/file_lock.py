"""One holder at a time: an advisory lock on a file, released when its holder dies."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filelock import BaseFileLock

__all__ = ["exclusive", "lock_at"]

_POLL_S = 0.01
"""Between two looks at a lock that another holds: no signal tells when it is free."""


def lock_at(path: Path) -> BaseFileLock:
    """Return the lock on the file ``path``, which stays: removing it would let two hold "the" lock.

    It excludes other threads as well as other processes, since each call makes a lock anew.
    Where the file system has no locks, acquiring it raises: a mark in their place would
    outlive its holder.
    """
    from filelock import FileLock

    return FileLock(
        path, mode=0o600, poll_interval=_POLL_S, preserve_lock_file=True, fallback_to_soft=False
    )


@contextmanager
def exclusive(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock on the file ``path``, whose folder is made where it is missing.

    The value tells whether the lock is held: always, unless ``wait`` is False. The file's
    time of modification is that of its last use. It is the same lock as `lock_at` has.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _held(path, wait=wait) as is_held:
        if is_held:
            os.utime(path)
        yield is_held


try:
    import fcntl
except ModuleNotFoundError:  # Windows

    @contextmanager
    def _held(path: Path, *, wait: bool) -> Iterator[bool]:
        from filelock import Timeout

        lock = lock_at(path)
        try:
            lock.acquire(blocking=wait)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

else:

    @contextmanager
    def _held(path: Path, *, wait: bool) -> Iterator[bool]:
        """Hold flock(2), as filelock does, whose import takes a client longer than all else here.

        Who waits is woken when it is free, and does not look again and again.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                is_held = False
            else:
                is_held = True
            try:
                yield is_held
            finally:
                if is_held:  # else a process that was forked meanwhile would keep it
                    fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)
