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
    time of modification is that of its last use.
    """
    from filelock import Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = lock_at(path)
    try:
        lock.acquire(blocking=wait)
    except Timeout:
        yield False
        return
    try:
        os.utime(path)
        yield True
    finally:
        lock.release()
