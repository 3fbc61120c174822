"""How much the files below a folder take, and how much is free."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

__all__ = ["BLOCK", "files_below", "free_below", "size_below", "size_of", "usual_reserve"]

BLOCK = 512
"""Bytes in a block of stat(2), whatever the file system has."""


def free_below(folder: Path) -> int:
    """Return how many bytes are free on the disk of ``folder``."""
    return shutil.disk_usage(folder).free


def usual_reserve(folder: Path) -> int:
    """Return what should stay free on the disk of ``folder``: a hundredth, 1 GiB at most."""
    return min(shutil.disk_usage(folder).total // 100, 1 << 30)


def size_of(path: Path) -> int:
    """Return how many bytes the file at ``path`` takes on the disk."""
    return path.lstat().st_blocks * BLOCK


def size_below(folder: Path) -> int:
    """Return how many bytes the files below ``folder`` take on the disk, by however many names."""
    found = {(each.st_dev, each.st_ino): each.st_blocks * BLOCK for each in files_below(folder)}
    return sum(found.values())


def files_below(
    folder: Path, *, without: Collection[Path] = frozenset()
) -> Iterator[os.stat_result]:
    """Yield what the system says of each file below ``folder``, however deep; no link is followed.

    It may be a file itself. What goes meanwhile, or is nobody's to read, is left out, and so are
    the folders ``without``.
    """
    if folder.is_file():
        yield folder.lstat()
        return
    left_out = {str(path) for path in without}
    pending = [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.path not in left_out:
                            pending.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        yield entry.stat(follow_symlinks=False)
        except OSError:
            continue
