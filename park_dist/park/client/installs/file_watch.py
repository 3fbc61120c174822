"""Watching local projects for saved changes: who wakes us, and when it is quiet again.

A wake-up is only a hint: what changed is told by comparing snapshots, whose hashes cannot
be fooled. So it does no harm that a watcher reports too much, or is slow.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from park.build.tree.junk import is_junk_file, is_junk_folder

__all__ = ["Watch", "Watcher", "notified", "polling", "watching"]

_POLL_S = 0.5
_QUIET_MS = 300
"""Editors write a file in several steps, and a branch switch many files: one install for all."""

_LONGEST_MS = 1_600
"""After so long it is reported even where it never becomes quiet."""

_WAKE_MS = 5_000
"""How often a wait looks whether Ctrl-C was pressed, where no system call is interrupted."""


class Watcher(Protocol):
    """Notes what happens below some folders (or to files) from the moment it was made."""

    def wait(self) -> None:
        """Return once something was written since the last return, and it is quiet again."""


Watch = Callable[[Sequence[Path]], AbstractContextManager[Watcher]]
"""How watching begins."""


def watching(roots: Sequence[Path]) -> AbstractContextManager[Watcher]:
    """Watch ``roots`` by the system's notices (``park-dist[watch]``), else by looking.

    A single file is looked at: editors put a new file in its place, and the system goes on
    watching the old one.
    """
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        return polling(roots)
    return polling(roots) if any(root.is_file() for root in roots) else notified(roots)


@contextmanager
def notified(roots: Sequence[Path]) -> Iterator[Watcher]:
    """Watch with watchfiles: nothing is done while nothing happens."""
    watcher = _Notified(roots)
    try:
        yield watcher
    finally:
        watcher.close()


@contextmanager
def polling(
    roots: Sequence[Path], *, pause: Callable[[float], object] = time.sleep
) -> Iterator[Watcher]:
    """Watch by a look at every file twice a second: needs nothing, works on any file system.

    ``pause`` sleeps for seconds.
    """
    yield _Polling(roots, pause)


class _Notified:
    """watchfiles' own core: it notes from its making on, so nothing falls between two waits."""

    def __init__(self, roots: Sequence[Path]) -> None:
        from watchfiles._rust_notify import RustNotify

        self._roots = roots
        # no debugging, no polling (and its pause), folders in depth, unreadable ones as errors
        self._notify = RustNotify(list(map(str, roots)), False, False, 300, True, False)

    def wait(self) -> None:
        while not self._is_real(self._notify.watch(_LONGEST_MS, _QUIET_MS, _WAKE_MS, None)):
            pass

    def close(self) -> None:
        self._notify.close()

    def _is_real(self, found: set[tuple[int, str]] | str) -> bool:
        if found == "signal":
            raise KeyboardInterrupt
        if isinstance(found, str):  # nothing happened for a while
            return False
        return any(not self._is_junk(Path(path)) for _, path in found)

    def _is_junk(self, path: Path) -> bool:
        root = next((root for root in self._roots if path.is_relative_to(root)), None)
        parts = path.parts if root is None else path.relative_to(root).parts
        return is_junk_file(path.name) or any(map(is_junk_folder, parts))


class _Polling:
    def __init__(self, roots: Sequence[Path], pause: Callable[[float], object]) -> None:
        self._roots = roots
        self._pause = pause
        self._seen = _look(roots)

    def wait(self) -> None:
        before = self._seen
        while True:
            self._pause(_POLL_S)
            now = _look(self._roots)
            if now == before != self._seen:  # two looks alike: it is quiet
                self._seen = now
                return
            before = now


def _look(roots: Sequence[Path]) -> dict[str, tuple[int, int, int]]:
    """Return times and size of each file below ``roots`` that may matter."""
    found: dict[str, tuple[int, int, int]] = {}
    for root in roots:
        for path in [str(root)] if root.is_file() else _files(root):
            try:
                status = os.stat(path)  # noqa: PTH116 (strings are quicker)
            except OSError:
                continue  # it went away between the listing and the look
            found[path] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
    return found


def _files(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not is_junk_folder(name)]
        yield from (f"{parent}{os.sep}{name}" for name in files if not is_junk_file(name))
