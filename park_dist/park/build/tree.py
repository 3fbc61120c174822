"""Which files of a source tree a build can see.

In a git checkout: what is tracked or untracked but not ignored, and ignored files inside
import packages, which a build may need (a generated ``_version.py``, compiled data).
Elsewhere: everything. Never junk (see `park.build.junk`), and never a virtual environment.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from park.build.git import GitListing, list_files
from park.build.junk import BUILD_OUTPUT, is_junk_file, is_junk_folder
from park.errors import LocalSetError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Signature", "TreeFile", "signature_of", "visible_files"]

Signature = tuple[int, int, int, int, int]
"""Size, mtime and ctime in nanoseconds, inode and device: equal as long as nobody wrote."""


class TreeFile(NamedTuple):
    """One file: ``path`` below the root with forward slashes, and where it is on disk.

    A named tuple, because a frozen dataclass takes four times as long to make: 15 ms of the
    50 that knowing a tree of 10,000 files may cost.
    """

    path: str
    source: str
    executable: bool
    signature: Signature


def signature_of(status: os.stat_result) -> Signature:
    """Return the signature of a file with this status."""
    return (
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        status.st_dev,
    )


def visible_files(root: Path) -> tuple[TreeFile, ...]:
    """Return the files of the tree at ``root`` that a build can see, sorted by path.

    Symbolic links are followed inside the tree. Raises `LocalSetError` for one that leaves
    it, leads nowhere or forms a loop.
    """
    real = os.path.realpath(root)
    walk = _Walk(root=real, git=list_files(root))
    found = walk.folder(real, "", _Place(listed=walk.git is None, in_package=False))
    return tuple(sorted(found, key=lambda file: file.path))


@dataclass(frozen=True, slots=True)
class _Place:
    """What holds for a folder: git lists it as a whole; it is inside an import package.

    ``links`` are the real folders that the symbolic links above it led to.
    """

    listed: bool
    in_package: bool
    links: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Walk:
    root: str
    git: GitListing | None

    def folder(self, folder: str, prefix: str, place: _Place) -> Iterator[TreeFile]:
        with os.scandir(folder) as listing:
            entries = list(listing)
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names:
            return
        if prefix and "__init__.py" in names and self._is_listed(f"{prefix}__init__.py", place):
            place = _Place(listed=place.listed, in_package=True, links=place.links)
        for entry in entries:
            yield from self._entry(entry, prefix + entry.name, place)

    def _entry(self, entry: os.DirEntry[str], path: str, place: _Place) -> Iterator[TreeFile]:
        if entry.is_dir():
            if not is_junk_folder(entry.name) and self._may_enter(entry, path, place):
                yield from self._subfolder(entry, path, place)
        elif not is_junk_file(entry.name) and (place.in_package or self._is_listed(path, place)):
            if entry.is_symlink():
                self._target(entry, path)
            status = entry.stat()
            if stat.S_ISREG(status.st_mode):
                executable = bool(status.st_mode & stat.S_IXUSR)
                yield TreeFile(path, entry.path, executable, signature_of(status))

    def _subfolder(self, entry: os.DirEntry[str], path: str, place: _Place) -> Iterator[TreeFile]:
        links = place.links
        if entry.is_symlink():
            target = self._target(entry, path)
            here = os.path.realpath(Path(entry.path).parent)
            if target in links or _is_inside(here, target):
                raise _bad_link(entry.path, "a folder that it is in: a loop")
            links = (*links, target)
        listed = self._is_listed(path, place)
        inner = _Place(listed=listed, in_package=place.in_package, links=links)
        yield from self.folder(entry.path, f"{path}/", inner)

    def _may_enter(self, entry: os.DirEntry[str], path: str, place: _Place) -> bool:
        """Tell whether anything below a folder can be visible."""
        if path in BUILD_OUTPUT and not self._is_source(entry, path):
            return False
        if self.git is None or place.in_package:
            return True
        return path in self.git.visible_folders or self._is_listed(path, place)

    def _is_source(self, entry: os.DirEntry[str], path: str) -> bool:
        """Tell a project's own ``build`` folder from a build tool's output."""
        tracked = self.git is not None and path in self.git.tracked_folders
        return tracked or Path(entry.path, "__init__.py").exists()

    def _is_listed(self, path: str, place: _Place) -> bool:
        return place.listed or (self.git is not None and path in self.git.visible)

    def _target(self, entry: os.DirEntry[str], path: str) -> str:
        """Return where a link leads; raises `LocalSetError` unless that is in the tree."""
        target = os.path.realpath(entry.path)
        if not Path(target).exists():
            raise _bad_link(path, "nothing")
        if not _is_inside(target, self.root):
            raise _bad_link(path, f"{target}, outside the tree {self.root}")
        return target


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _bad_link(path: str, leads_to: str) -> LocalSetError:
    return LocalSetError(
        f"symbolic link {path} leads to {leads_to}; expected a file or folder of the tree",
        hint="copy what it leads to into the tree, or have git ignore the link",
    )
