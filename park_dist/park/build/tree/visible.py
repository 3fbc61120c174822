"""Which files of a source tree a build can see.

In a git checkout: what is tracked or untracked but not ignored, and ignored files inside
import packages, which a build may need (a generated ``_version.py``, compiled data), but for
extension modules that a build has left there (`park.build.tree.built_in_place`).
Elsewhere: everything. Never junk, never what tools made for themselves (virtual environments,
caches, homes of services: see `park.build.tree.junk`), and never park's own folders.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from park.build.tree.built_in_place import is_built_in_place, stems_of_sources
from park.build.tree.git import GitListing, list_files
from park.build.tree.junk import (
    BUILD_OUTPUT,
    CACHE,
    is_junk_file,
    is_junk_folder,
    made_by_tools,
)
from park.build.tree.named_paths import is_above
from park.build.tree.symbolic_links import Found, FoundLink, settle_links
from park.build.tree.tree_file import TreeFile, signature_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

__all__ = ["Listing", "list_tree"]

_MOST_WATCHED = 5_000
"""Looking at so many folders takes some 12 ms; listing a tree anew is then about as quick."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The files that a build can see, sorted by path, and what that answer rests on.

    As long as none of ``watched`` (folders and ``.gitignore`` files, absolute) has another
    signature and git knows nothing new, the tree has the same files; None where that cannot
    be said: a symbolic link depends on more than its own folder, and a data folder with
    thousands of subfolders is not worth the watching.
    """

    files: tuple[TreeFile, ...]
    watched: tuple[str, ...] | None


def list_tree(
    root: Path, named: Iterable[str] = (), *, apart: AbstractSet[str] = frozenset()
) -> Listing:
    """List the tree at ``root``; its symbolic links as `park.build.tree.symbolic_links` has them.

    ``named`` are paths relative to it that its build reads: they are in the list wherever they
    are, above the tree or ignored by git, and whole but for junk. ``apart`` are folders (real
    paths) that are none of it wherever they are.
    """
    real = os.path.realpath(root)
    walk = _Walk(git=list_files(root), apart=apart)
    files = list(walk.folder(real, "", _Place(listed=walk.git is None, in_package=False)))
    beside = _add_named(walk, files, real, named)
    if walk.links:
        files = settle_links(real, Found(files, walk.links), _all_of, beside=beside)
    files.sort(key=lambda file: file.path)
    is_bounded = not walk.links and len(walk.watched) <= _MOST_WATCHED
    return Listing(files=tuple(files), watched=tuple(walk.watched) if is_bounded else None)


def _add_named(
    walk: _Walk, files: list[TreeFile], root: str, named: Iterable[str]
) -> dict[str, str]:
    """Add to ``files`` what ``named`` has beyond them; return the folders outside, by real path."""
    seen = {file.path for file in files} | {link.path for link in walk.links}
    beside = {}
    for path in named:
        place = os.path.normpath(os.path.join(root, path))  # noqa: PTH118 (strings are quicker)
        walk.watched.append(place)
        found = _named(walk, place, path)
        files.extend(file for file in found if file.path not in seen)
        seen.update(file.path for file in found)
        if is_above(path) and os.path.isdir(place):  # noqa: PTH112
            beside[os.path.realpath(place)] = path
    return beside


def _named(walk: _Walk, place: str, path: str) -> list[TreeFile]:
    """Return what is at ``place``: a folder with all that is in it, a file, or nothing."""
    known = {link.path for link in walk.links}
    if path in known:
        return []
    if os.path.isdir(place):  # noqa: PTH112
        whole = _Walk(git=None, watched=walk.watched)
        found = list(whole.folder(place, f"{path}/", _Place(listed=True, in_package=False)))
        walk.links.extend(link for link in whole.links if link.path not in known)
        return found
    try:
        status = os.stat(place)  # noqa: PTH116
    except OSError:
        return []
    executable = bool(status.st_mode & stat.S_IXUSR)
    is_file = stat.S_ISREG(status.st_mode)
    return [TreeFile(path, place, executable, signature_of(status))] if is_file else []


def _all_of(folder: str, path: str) -> Found:
    """Walk a folder that a link leads to: all of it but junk, below ``path``."""
    walk = _Walk(git=None)
    place = _Place(listed=True, in_package=False)
    return Found(list(walk.folder(folder, f"{path}/", place)), walk.links)


@dataclass(frozen=True, slots=True)
class _Place:
    """What holds for a folder: git lists it as a whole; it is inside an import package."""

    listed: bool
    in_package: bool


@dataclass(frozen=True, kw_only=True)
class _Walk:
    """One walk; ``watched`` gathers what its answer rests on, ``links`` what it did not follow."""

    git: GitListing | None
    apart: AbstractSet[str] = frozenset()
    watched: list[str] = field(default_factory=list)
    links: list[FoundLink] = field(default_factory=list)

    def folder(self, folder: str, prefix: str, place: _Place) -> Iterator[TreeFile]:
        with os.scandir(folder) as listing:
            entries = list(listing)
        names = {entry.name for entry in entries}
        if prefix and self._is_apart(folder, prefix, names):
            return
        self._watch(folder, names)
        if prefix and "__init__.py" in names and self._is_listed(f"{prefix}__init__.py", place):
            place = _Place(listed=place.listed, in_package=True)
        for entry in entries:
            yield from self._entry(entry, prefix + entry.name, place)

    def _entry(self, entry: os.DirEntry[str], path: str, place: _Place) -> Iterator[TreeFile]:
        if entry.is_symlink():
            self._link(entry, path, place)
        elif entry.is_dir():
            if is_junk_folder(entry.name):
                return
            if self._may_enter(entry, path, place):
                inner = _Place(listed=self._is_listed(path, place), in_package=place.in_package)
                yield from self.folder(entry.path, f"{path}/", inner)
            else:
                self._watch_closed(entry.path, path)
        elif not is_junk_file(entry.name) and self._may_be_built_with(entry.name, path, place):
            status = entry.stat()
            if stat.S_ISREG(status.st_mode):
                executable = bool(status.st_mode & stat.S_IXUSR)
                yield TreeFile(path, entry.path, executable, signature_of(status))

    def _may_be_built_with(self, name: str, path: str, place: _Place) -> bool:
        if self._is_listed(path, place):
            return True
        return place.in_package and not is_built_in_place(name, self._sources)

    @cached_property
    def _sources(self) -> frozenset[str]:
        return frozenset() if self.git is None else stems_of_sources(self.git.visible)

    def _link(self, entry: os.DirEntry[str], path: str, place: _Place) -> None:
        is_junk = is_junk_folder(entry.name) or is_junk_file(entry.name)
        is_output = path in BUILD_OUTPUT and not self._is_source(entry, path)
        if not is_junk and not is_output and (place.in_package or self._is_listed(path, place)):
            self.links.append(FoundLink(path, entry.path))

    def _watch(self, folder: str, names: Iterable[str]) -> None:
        self.watched.append(folder)
        if ".gitignore" in names:
            self.watched.append(os.path.join(folder, ".gitignore"))  # noqa: PTH118 (strings are quicker)

    def _watch_closed(self, folder: str, path: str) -> None:
        """Watch a folder in which nothing is visible yet: a new file anywhere below may be."""
        if path in BUILD_OUTPUT:
            self.watched.append(folder)
            return
        for inner, folders, files in os.walk(folder):
            if self._is_apart(inner, path, {*folders, *files}):
                folders.clear()
                continue
            self._watch(inner, files)
            folders[:] = [name for name in folders if not is_junk_folder(name)]
            if len(self.watched) > _MOST_WATCHED:
                return

    def _is_apart(self, folder: str, path: str, names: AbstractSet[str]) -> bool:
        """Tell whether tools have made a folder for themselves, park among them."""
        if folder in self.apart:
            return True
        made = made_by_tools(folder, names)
        is_tracked = self.git is not None and path.rstrip("/") in self.git.tracked_folders
        return made is not None and not (made == CACHE and is_tracked)

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
