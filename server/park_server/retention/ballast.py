"""Room on the disk that is held, and given up when nobody else can give any.

A job may write faster than anybody looks, and to places where what it wrote stays when it has been
stopped, as a user's area is. Then the end of the job could not be written down either, for want of
bytes, or of files that can still be made.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

from park.model.sizes import shown_size

__all__ = ["Ballast", "ByteBallast", "InodeBallast", "usual_ballast", "usual_inode_ballast"]

_MOST = 64 << 20
"""Enough for the ends of a hundred thousand jobs."""

_MOST_FILES = 1_000
"""Enough for the files of SQLite and of a start, and for the folders of a hundred jobs."""

_SHARE = 4


def usual_ballast(reserve_bytes: int) -> int:
    """Return how much of what should stay free is held: a quarter, 64 MiB at most."""
    return min(reserve_bytes // _SHARE, _MOST)


def usual_inode_ballast(reserve_inodes: int) -> int:
    """Return how many of the files that should stay are held: a quarter, 1,000 at most."""
    return min(reserve_inodes // _SHARE, _MOST_FILES)


class Ballast(ABC):
    """What is at ``path`` and takes ``size`` of the disk while there is room.

    It is held from the start where an earlier service left it, which may have been larger or
    smaller. Not for an event loop.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self.size = size
        self.is_held = path.exists()

    def hold(self) -> None:
        """Take the room, if that can be; what was not all to be had is given back."""
        self.is_held = False
        if self.size:
            with suppress(OSError):
                self._take()
                self.is_held = True
        if not self.is_held:
            self._remove()

    def let_go(self) -> None:
        """Give the room to whoever writes next."""
        self.is_held = False
        self._remove()

    @property
    @abstractmethod
    def shown(self) -> str:
        """The ``size``, for people."""

    @abstractmethod
    def _take(self) -> None:
        """Take the room, or part of it; raises OSError where it cannot be had."""

    @abstractmethod
    def _remove(self) -> None:
        """Take no room."""


class ByteBallast(Ballast):
    """A file of so many bytes."""

    @property
    def shown(self) -> str:
        """The bytes."""
        return shown_size(self.size)

    def _take(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self.size)
            os.ftruncate(descriptor, self.size)
        finally:
            os.close(descriptor)

    def _remove(self) -> None:
        with suppress(OSError):
            self._path.unlink()


class InodeBallast(Ballast):
    """A folder of so many files, of which nobody reads any."""

    @property
    def shown(self) -> str:
        """How many."""
        return f"{self.size:,} files"

    def _take(self) -> None:
        self._path.mkdir(mode=0o700, exist_ok=True)
        wanted = {str(number) for number in range(self.size - 1)}  # the folder is one as well
        there = {path.name for path in self._path.iterdir()}
        for name in there - wanted:
            (self._path / name).unlink()
        for name in wanted - there:
            (self._path / name).touch(mode=0o600)

    def _remove(self) -> None:
        with suppress(OSError):
            for path in self._path.iterdir():
                path.unlink()
            self._path.rmdir()
