"""How much the files below a folder take, and how much is free."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Generator, Iterable, Iterator
from pathlib import Path

__all__ = [
    "BLOCK",
    "are_on_one_disk",
    "files_below",
    "free_below",
    "once_each",
    "size_below",
    "size_of",
    "usual_reserve",
]

BLOCK = 512
"""Bytes in a block of stat(2), whatever the file system has."""

_TOP = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FOLDER = _TOP | os.O_NOFOLLOW

_Key = tuple[int, int]
"""Which file or folder something is, by whatever name: device and inode."""


def free_below(folder: Path) -> int:
    """Return how many bytes are free on the disk of ``folder``."""
    return shutil.disk_usage(folder).free


def usual_reserve(folder: Path) -> int:
    """Return what should stay free on the disk of ``folder``: a hundredth, 1 GiB at most."""
    return min(shutil.disk_usage(folder).total // 100, 1 << 30)


def are_on_one_disk(one: Path, other: Path) -> bool:
    """Tell whether what is written at either takes the room of both; no where one is absent."""
    try:
        if one.stat().st_dev == other.stat().st_dev:
            return True
        here, there = os.statvfs(one), os.statvfs(other)
    except OSError:
        return False
    # subvolumes of one disk have numbers of their own (Btrfs)
    return (here.f_blocks, here.f_frsize) == (there.f_blocks, there.f_frsize)


def size_of(path: Path) -> int:
    """Return how many bytes the file at ``path`` takes on the disk."""
    return path.lstat().st_blocks * BLOCK


def size_below(folder: Path) -> int:
    """Return how many bytes the files below ``folder`` take on the disk, by however many names."""
    return sum(each.st_blocks * BLOCK for each in once_each(files_below(folder)))


def once_each(files: Iterable[os.stat_result]) -> Iterator[os.stat_result]:
    """Yield ``files``, one that has several names once."""
    seen: set[_Key] = set()
    for each in files:
        if each.st_nlink > 1:
            if _key(each) in seen:
                continue
            seen.add(_key(each))
        yield each


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
    left_out = {key for path in without if (key := _key_at(path)) is not None}
    try:
        top = os.open(folder, _TOP)
    except OSError:
        return
    try:
        yield from _below(top, left_out)
    finally:
        os.close(top)


def _below(top: int, left_out: Collection[_Key]) -> Iterator[os.stat_result]:
    """Yield the files below an open folder, with one more open at a time.

    A path ends where it has 4,096 bytes, and a descriptor for each level where a process may have
    no more of them: whoever writes there could hide what it takes by either.
    """
    here = os.dup(top)
    above: list[tuple[_Key, list[str]]] = []
    try:
        folders = yield from _listed(here)
        while folders or above:
            if folders:
                inner = _opened(folders.pop(), here, left_out)
                if inner is None:
                    continue
                above.append((_key(os.fstat(here)), folders))
                here = _moved(here, inner)
                folders = yield from _listed(here)
                continue
            key, folders = above.pop()
            outer = _opened("..", here)
            if outer is None or _key(os.fstat(outer)) != key:  # moved, or gone: go on from the top
                if outer is not None:
                    os.close(outer)
                outer = os.dup(top)
                folders = above[0][1] if above else folders
                above.clear()
            here = _moved(here, outer)
    finally:
        os.close(here)


def _listed(here: int) -> Generator[os.stat_result, None, list[str]]:
    """Yield the files in an open folder; return the names of the folders in it."""
    folders: list[str] = []
    try:
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_file(follow_symlinks=False) and (status := _status(entry)):
                    yield status
    except OSError:  # it has gone
        pass
    return folders


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:  # gone since
        return None


def _opened(name: str, inside: int, left_out: Collection[_Key] = ()) -> int | None:
    """Return a descriptor of the folder ``name``; None of one that is closed, gone or left out."""
    try:
        inner = os.open(name, _FOLDER, dir_fd=inside)
    except OSError:
        return None
    if left_out and _key(os.fstat(inner)) in left_out:
        os.close(inner)
        return None
    return inner


def _moved(here: int, there: int) -> int:
    """Close a descriptor, and return that which takes its place."""
    os.close(here)
    return there


def _key(status: os.stat_result) -> _Key:
    return status.st_dev, status.st_ino


def _key_at(path: Path) -> _Key | None:
    try:
        return _key(path.lstat())
    except OSError:
        return None
