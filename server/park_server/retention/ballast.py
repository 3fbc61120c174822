"""A file that holds room on the disk, and gives it up when nobody else can.

A job may write faster than anybody looks, and to places where what it wrote stays when it has been
stopped, as a user's area is. Then the end of the job could not be written down either.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["Ballast", "usual_ballast"]

_MOST = 64 << 20
"""Enough for the ends of a hundred thousand jobs."""

_SHARE = 4


def usual_ballast(reserve_bytes: int) -> int:
    """Return how much of what should stay free is held: a quarter, 64 MiB at most."""
    return min(reserve_bytes // _SHARE, _MOST)


class Ballast:
    """The file at ``path``, of ``size`` bytes while there is room; not for an event loop."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self.size = size
        self.is_held = False

    def hold(self) -> None:
        """Take the room, if that can be; what was not all to be had is given back."""
        if self.is_held or not self.size:
            return
        with suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, self.size)
                os.ftruncate(descriptor, self.size)
                self.is_held = True
            finally:
                os.close(descriptor)
        if not self.is_held:
            self._remove()

    def let_go(self) -> None:
        """Give the room to whoever writes next."""
        self.is_held = False
        self._remove()

    def _remove(self) -> None:
        with suppress(OSError):
            self._path.unlink()
