"""Manifests: how each file and directory of a tree was left, and what differs now.

Every write shows in a stamp, also one that sets the modification time back (the change
time moves) or replaces a file by its equal (the inode changes). A file that appears or
goes shows in the stamp of its directory. So comparing stamps finds every scribble without
reading a byte, at about 3 µs a file; digests are for the suspicious, and now and then.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from park.digests import file_sha256
from park_repo import durable as disk

__all__ = [
    "Damage",
    "Stamp",
    "changed_contents",
    "changed_stamps",
    "seal",
    "shared_stamp",
    "stamp_of",
    "take_stamps",
]

_FILE_MODE, _EXECUTABLE_MODE, _DIRECTORY_MODE = 0o444, 0o555, 0o555


class Stamp(NamedTuple):
    """One file, directory or symbolic link as it was left.

    A tuple, not a dataclass: a large environment has 15,000. ``path`` is relative with
    ``/``, ``""`` for the top itself; ``size`` is 0 for directories, whose size is the file
    system's affair; ``sha256`` is in hex, or empty for what is no file or was not hashed.
    """

    path: str
    mode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sha256: str

    @classmethod
    def parse(cls, row: list[Any]) -> Stamp:
        """Return the stamp of one JSON row; raises `TypeError` for another shape."""
        return cls(*row)


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """One path which is not as it was left: ``what`` is missing, changed or added."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path or '.'} {self.what}"


def seal(root: Path) -> dict[str, os.stat_result]:
    """Make everything under ``root`` read-only; executables stay executable.

    Returns how each path was left, relative as in a `Stamp`: one pass, since half of what
    an environment costs is looking at what was just made.
    """
    with disk.opened(root) as top:
        return {path: _sealed(path, found, top) for path, found in _walk(root, top)}


def stamp_of(path: str, found: os.stat_result, sha256: str = "") -> Stamp:
    """Return the stamp of ``path`` as it was ``found``."""
    size = 0 if stat.S_ISDIR(found.st_mode) else found.st_size
    return Stamp(
        path, found.st_mode, size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, sha256
    )


def shared_stamp(path: str, found: os.stat_result) -> Stamp:
    """Return the stamp of a further name, ``path``, for a file that another manifest watches over.

    What is the file's, and the same under all its names, is left out.
    """
    return stamp_of(path, found)._replace(size=0, mtime_ns=0, ctime_ns=0)


def take_stamps(root: Path, digests: Mapping[str, str] = {}) -> list[Stamp]:
    """Return the stamps of ``root`` and of all below it; ``digests`` are taken over by path."""
    with disk.opened(root) as top:
        return [stamp_of(path, it, digests.get(path, "")) for path, it in _walk(root, top)]


def changed_stamps(
    root: Path, stamps: Iterable[Stamp], *, shared: bool = False
) -> tuple[Damage, ...]:
    """Compare ``stamps`` with what is under ``root`` now, reading no file.

    The change time of the top is not compared: renaming the tree into place moves it. Where
    files are ``shared`` with other trees, those with several names only have to be the same
    files (`shared_stamp`).
    """
    stamps = list(stamps)
    damages = []
    for stamp in stamps:
        damage = _compare(root, stamp, shared=shared)
        if damage is not None:
            damages.append(damage)
            if damage.what == "changed" and stat.S_ISDIR(stamp.mode):
                damages += _added(root, stamp.path, stamps)
    return tuple(damages)


def changed_contents(root: Path, stamps: Iterable[Stamp]) -> tuple[Damage, ...]:
    """Compare names, modes and contents under ``root``; times and inodes may differ."""
    stamps = list(stamps)
    known = {stamp.path for stamp in stamps}
    with disk.opened(root) as top:
        found = [path for path, _ in _walk(root, top)]
    damages = [Damage(path=path, what="added") for path in found if path not in known]
    for stamp in stamps:
        try:
            now = _stamp(root, stamp.path, "")
        except OSError:
            damages.append(Damage(path=stamp.path, what="missing"))
            continue
        if (now.mode, now.size) != (stamp.mode, stamp.size) or (
            stamp.sha256 and file_sha256(root / stamp.path) != stamp.sha256
        ):
            damages.append(Damage(path=stamp.path, what="changed"))
    return tuple(sorted(damages, key=lambda damage: damage.path))


def _compare(root: Path, stamp: Stamp, *, shared: bool) -> Damage | None:
    try:
        found = os.lstat(f"{root}/{stamp.path}" if stamp.path else root)
    except OSError:
        return Damage(path=stamp.path, what="missing")
    now = stamp_of(stamp.path, found, stamp.sha256)
    if not stamp.path:
        now = now._replace(ctime_ns=stamp.ctime_ns)
    elif shared and found.st_nlink > 1 and stat.S_ISREG(found.st_mode):
        now = shared_stamp(stamp.path, found)
    return None if now == stamp else Damage(path=stamp.path, what="changed")


def _added(root: Path, directory: str, stamps: Iterable[Stamp]) -> list[Damage]:
    """Return what is in ``directory`` and in no stamp."""
    known = {stamp.path for stamp in stamps}
    prefix = f"{directory}/" if directory else ""
    names = sorted(path.name for path in (root / directory).iterdir())
    return [
        Damage(path=prefix + name, what="added") for name in names if prefix + name not in known
    ]


def _sealed(path: str, found: os.stat_result, top: int) -> os.stat_result:
    """Make ``path`` below the open directory ``top`` read-only; return how it is then."""
    mode = found.st_mode
    if stat.S_ISLNK(mode):
        return found
    if stat.S_ISDIR(mode):
        wanted = _DIRECTORY_MODE
    else:
        wanted = _EXECUTABLE_MODE if mode & stat.S_IXUSR else _FILE_MODE
    if stat.S_IMODE(mode) == wanted:
        return found
    os.chmod(path or ".", wanted, dir_fd=top)
    return _look(path, top)


def _look(path: str, top: int) -> os.stat_result:
    return os.stat(path or ".", dir_fd=top, follow_symlinks=False)


def _stamp(root: Path, path: str, sha256: str) -> Stamp:
    return stamp_of(path, os.lstat(f"{root}/{path}" if path else root), sha256)


def _walk(root: Path, top: int) -> Iterator[tuple[str, os.stat_result]]:
    """Yield ``""`` and every path below ``root``, which is open as ``top``, and how each is.

    Each directory comes before what it holds. No link is followed, as `os.walk` does to tell
    whether it is a directory.
    """
    place, waiting = os.fspath(root), [("", _look("", top))]
    while waiting:
        folder, found = waiting.pop()
        yield folder, found
        prefix, folders = f"{folder}/" if folder else "", []
        for name in sorted(os.listdir(f"{place}/{folder}")):  # noqa: PTH208 (names, not paths)
            path = prefix + name
            found = _look(path, top)
            if stat.S_ISDIR(found.st_mode):
                folders.append((path, found))
            else:
                yield path, found
        waiting.extend(reversed(folders))
