"""Symbolic links of a tree: what stands for each of them in an export.

As git and an sdist have them, they are links there, too: no backend has to like every link of a
repository, only those that it looks at. What a link leads to outside the tree is copied in its
place, since an export has nothing around it; a link that closes a loop is left out; one that
leads nowhere leads nowhere in the export as well.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from park.build.tree.tree_file import LOOP, TreeFile, signature_of
from park.errors import LocalSetError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Contents", "Found", "FoundLink", "settle_links"]

_MOST_FILES = 100_000
_MOST_BYTES = 8 << 30
"""Of what one tree links to outside: what an index takes in one wheel, and minutes of hashing."""


class FoundLink(NamedTuple):
    """A link: ``path`` below the root, and where it is on disk, in a folder with no link above."""

    path: str
    source: str


class Found(NamedTuple):
    """What a walk found: files, and links that it did not follow."""

    files: list[TreeFile]
    links: list[FoundLink]


Contents = Callable[[str, str], Found]
"""Walks a folder on disk whose files are to stand below a path of the tree."""


def settle_links(
    root: str, found: Found, contents: Contents, *, beside: Mapping[str, str] | None = None
) -> list[TreeFile]:
    """Return the files and links of the tree at ``root`` (a real path), given what a walk found.

    ``beside`` has the real folders outside that are part of it, with their paths. Raises
    `LocalSetError` where links lead to more outside the tree than any wheel can hold.
    """
    settling = _Settling(root=root, contents=contents, copies={root: "", **(beside or {})})
    settling.add(found)
    settling.run()
    return settling.files


@dataclass(kw_only=True, slots=True)
class _Settling:
    """Links on their way to entries.

    ``copies`` tells under which path of the tree each real folder stands (the root: under
    none); ``taken`` has every path at which there will be something, ``ways`` the folders
    between which links lead.
    """

    root: str
    contents: Contents
    copies: dict[str, str]
    files: list[TreeFile] = field(default_factory=list)
    queue: deque[FoundLink] = field(default_factory=deque)
    taken: set[str] = field(default_factory=set)
    ways: list[tuple[str, str]] = field(default_factory=list)
    copied_files: int = 0
    copied_bytes: int = 0

    def add(self, found: Found) -> None:
        self.files.extend(found.files)
        links = [link for link in sorted(found.links) if not _is_around(link, self.root)]
        around = [link for link in found.links if _is_around(link, self.root)]
        self.files.extend(_entry(link, LOOP) for link in around)
        self.queue.extend(links)
        for path in (*(file.path for file in found.files), *(link.path for link in links)):
            self.taken.update((path, *map(str, PurePosixPath(path).parents)))

    def run(self) -> None:
        while self.queue:
            link = self.queue.popleft()
            self.files.extend(self._settled(link))

    def _settled(self, link: FoundLink) -> Iterator[TreeFile]:
        text = os.readlink(link.source)  # noqa: PTH115
        if not os.path.exists(link.source):  # noqa: PTH110 (strings are quicker)
            yield _entry(link, text)
            return
        target = os.path.realpath(link.source)
        place = self._place(_next_step(link, text)) or self._place(target)
        if place is None:
            yield from self._copied(link, target)
        elif os.path.isdir(target) and not self._may_lead(link, target, place):  # noqa: PTH112
            yield _entry(link, LOOP)
        else:
            yield _entry(link, _text_of(link, text, place))

    def _place(self, target: str) -> str | None:
        """Return the path of the tree at which there is what ``target`` is, or None."""
        for folder, path in self.copies.items():
            if target == folder or _is_inside(target, folder):
                below = os.path.relpath(target, folder).replace(os.sep, "/")
                place = posixpath.normpath(posixpath.join(path, below))
                if place in self.taken:
                    return place
        return None

    def _may_lead(self, link: FoundLink, target: str, place: str) -> bool:
        """Tell whether a link to a folder closes no loop with those before it; note its way."""
        here, there = posixpath.dirname(link.path), self._place(target) or place
        reached, fresh = {there}, [there]
        while fresh:
            at = fresh.pop()
            if _is_below(here, at):
                return False
            further = {end for start, end in self.ways if _is_below(start, at)} - reached
            reached |= further
            fresh.extend(further)
        self.ways.append((here, there))
        return True

    def _copied(self, link: FoundLink, target: str) -> Iterator[TreeFile]:
        status = os.stat(target)  # noqa: PTH116
        if stat.S_ISDIR(status.st_mode):
            found = self.contents(target, link.path)
            self._count(link, found.files)
            if any(found):
                self.copies[target] = link.path
            else:
                self.taken.discard(link.path)
            self.add(found)
        elif stat.S_ISREG(status.st_mode):
            file = TreeFile(
                link.path, target, bool(status.st_mode & stat.S_IXUSR), signature_of(status)
            )
            self._count(link, [file])
            yield file

    def _count(self, link: FoundLink, files: Iterable[TreeFile]) -> None:
        for file in files:
            self.copied_files += 1
            self.copied_bytes += file.signature[0]
        if self.copied_files > _MOST_FILES or self.copied_bytes > _MOST_BYTES:
            raise LocalSetError(
                f"symbolic link {link.path} leads to {os.path.realpath(link.source)}, outside the"
                f" tree; with what is there the links of the tree lead to {self.copied_files:,}"
                f" files of {self.copied_bytes:,} B, more than a wheel can hold",
                hint="have git ignore the link, if no build needs what it leads to",
            )


def _entry(link: FoundLink, text: str) -> TreeFile:
    signature = signature_of(os.lstat(link.source))
    return TreeFile(link.path, link.source, executable=False, signature=signature, link=text)


def _is_around(link: FoundLink, root: str) -> bool:
    """Tell whether a link leads to a folder that it is in, or to one around the tree."""
    target = os.path.realpath(link.source)
    here = os.path.dirname(link.source)  # noqa: PTH120
    return any(place == target or _is_inside(place, target) for place in (here, root))


def _next_step(link: FoundLink, text: str) -> str:
    """Return where a link leads at first: it may be another link, in a folder that is none."""
    at = os.path.join(os.path.dirname(link.source), text)  # noqa: PTH118, PTH120
    folder, name = os.path.split(at.rstrip("/"))
    if name in {"", ".", ".."}:
        return os.path.realpath(at)
    return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118


def _text_of(link: FoundLink, text: str, place: str) -> str:
    """Return what a link says in an export: its own text, where that leads to ``place``."""
    here = posixpath.dirname(link.path)
    own = text.replace(os.sep, "/")
    leads_there = posixpath.normpath(posixpath.join(here, own)) == place
    if leads_there and not posixpath.isabs(own):
        return own
    return posixpath.relpath(place, here or ".")


def _is_inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_below(path: str, folder: str) -> bool:
    """Tell whether ``path`` of the tree is ``folder`` or below it; the root is everywhere above."""
    return folder in {"", ".", path} or path.startswith(f"{folder}/")
