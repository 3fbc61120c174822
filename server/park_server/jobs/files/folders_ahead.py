"""Folders of jobs made ahead: a job that comes takes one, and nobody makes its files meanwhile.

To make a file takes some file systems far longer than to rename one: ext4 without a journal passes
over each file that was removed in the last minute, so a service that clears up behind its jobs
makes each new file dearer, by up to a millisecond. A job has six of them before its end.

No folder is used twice: a process that outlives its job may hold on to what it was given.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from pathlib import Path

from park.runtime.folder import JobFolder
from park_server import untrusted

__all__ = ["FoldersAhead"]

_AT_ONCE = 2
"""As many as a fork server has children that wait; who comes in a crowd waits for others anyway."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FoldersAhead:
    """Folders below ``root`` that are no job's yet, for any thread; `make` is called by one.

    Each has what a job makes in its own: the streams, the work directory, and the file that
    becomes its outcome. They have the service's own user.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        # a dot: an id has none, and jobs see no folder but their own; always the same names, so
        # that what a service leaves that was killed is found by the next one
        self._absent = deque(f".ahead-{number}" for number in range(_AT_ONCE))
        self._made: deque[str] = deque()

    def take(self, name: str) -> bool:
        """Let one be the folder ``name``; False where none is there, or ``name`` has one.

        An empty one gives way.
        """
        try:
            made = self._made.popleft()
        except IndexError:
            return False
        try:
            os.rename(f"{self._root}/{made}", f"{self._root}/{name}")  # noqa: PTH104 (of every job)
        except OSError:
            self._made.append(made)
            return False
        self._absent.append(made)
        return True

    def make(self) -> None:
        """Make those that are absent; where the disk takes none, none is there."""
        with suppress(OSError), untrusted.folder(self._root, []) as inside:
            while self._absent:
                untrusted.remove(self._absent[0], inside)  # left there, or not whole
                _make(self._absent[0], inside)
                self._made.append(self._absent.popleft())


def _make(name: str, inside: int) -> None:
    with untrusted.below(inside, [name], make=True) as made:
        paths = JobFolder(root=".")
        os.mkdir(paths.work, dir_fd=made)
        for path in (paths.stdout, paths.stderr, paths.outcome_ahead):
            os.close(os.open(path, _NEW, 0o644, dir_fd=made))
