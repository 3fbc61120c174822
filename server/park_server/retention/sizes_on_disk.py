"""How much the files below a folder take, how much is free, and how many may come."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from pathlib import Path

__all__ = [
    "BLOCK",
    "are_on_one_disk",
    "entries_below",
    "files_below",
    "free_below",
    "free_inodes",
    "once_each",
    "size_below",
    "size_of",
    "usual_inode_reserve",
    "usual_reserve",
]

BLOCK = 512
"""Bytes in a block of stat(2), whatever the file system has."""

_MOST_INODES = 20_000
"""Enough for the folders of some thousand jobs, or for an environment of the largest."""

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


def free_inodes(folder: Path) -> int:
    """Return how many files can still be made on the disk of ``folder``.

    Some file systems make what each takes as it comes, and say nothing of it (Btrfs).
    """
    disk = os.statvfs(folder)
    return disk.f_favail if disk.f_files else sys.maxsize


def usual_inode_reserve(folder: Path) -> int:
    """Return how many files should stay to be made: a hundredth, 20,000 at most."""
    return min(os.statvfs(folder).f_files // 100, _MOST_INODES)


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
        if each.st_nlink > 1 and not stat.S_ISDIR(each.st_mode):
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
    yield from _all_below(folder, without, _is_file)


def entries_below(folder: Path) -> Iterator[os.stat_result]:
    """Yield the same of all that is below ``folder``: folders, links and pipes as well."""
    yield from _all_below(folder, (), lambda _: True)


_Choice = Callable[["os.DirEntry[str]"], bool]


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)


def _all_below(
    folder: Path, without: Collection[Path], choice: _Choice
) -> Iterator[os.stat_result]:
    left_out = {key for path in without if (key := _key_at(path)) is not None}
    try:
        top = os.open(folder, _TOP)
    except OSError:
        return
    try:
        yield from _below(top, left_out, choice)
    finally:
        os.close(top)


def _below(top: int, left_out: Collection[_Key], choice: _Choice) -> Iterator[os.stat_result]:
    """Yield what is chosen below an open folder, with one more open at a time.

    A path ends where it has 4,096 bytes, and a descriptor for each level where a process may have
    no more of them: whoever writes there could hide what it takes by either.
    """
    here = os.dup(top)
    above: list[tuple[_Key, list[str]]] = []
    try:
        folders = yield from _listed(here, choice)
        while folders or above:
            if folders:
                inner = _opened(folders.pop(), here, left_out)
                if inner is None:
                    continue
                above.append((_key(os.fstat(here)), folders))
                here = _moved(here, inner)
                folders = yield from _listed(here, choice)
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


def _listed(here: int, choice: _Choice) -> Generator[os.stat_result, None, list[str]]:
    """Yield what is chosen in an open folder; return the names of the folders in it."""
    folders: list[str] = []
    try:
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                if choice(entry) and (status := _status(entry)) is not None:
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
