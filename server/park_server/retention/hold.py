"""While somebody copies a home, nothing in it is removed: whoever would is told, and waits not.

Both sides lock one file: removals share it for as long as their rows go, a copy has it alone.
The lock is the kernel's: it goes with its holder, however that ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from park.errors import Conflict

__all__ = ["Hold"]


class Hold:
    """The hold on what is below ``home``; from any thread and any process."""

    def __init__(self, home: Path) -> None:
        self._path = home / "removals.lock"

    @contextmanager
    def removing(self) -> Iterator[None]:
        """Remove rows and what they name in this block; raises `Conflict` while somebody copies."""
        with self._opened() as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(
                    "a backup of this service is being made, and nothing is removed meanwhile",
                    hint="ask again when it is done: `park admin backup` says so",
                ) from None
            yield

    @contextmanager
    def copying(self, on_wait: Callable[[], object] = lambda: None) -> Iterator[None]:
        """Have nothing removed during this block; waits for removals that are under way."""
        with self._opened() as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                on_wait()
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _opened(self) -> Iterator[int]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)  # and with it the lock
