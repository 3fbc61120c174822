"""Pointers of Git LFS in the place of files: what a clone without `git lfs pull` has.

Such a tree builds and installs, and its jobs fail on the content, in words of whatever reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

__all__ = ["said_pointers"]

_BEGIN = b"version https://git-lfs.github.com/spec/"
"""The first line of each: docs/spec.md of Git LFS."""

_SIZES = range(len(_BEGIN), 1024)
"""Their sizes in bytes: the specification has them smaller than 1,024."""

_SHOWN = 3


def said_pointers(wheel: Path) -> Iterator[str]:
    """Yield a line that names the pointers in ``wheel``, where it has some."""
    with ZipFile(wheel) as opened:
        found = [
            entry.filename
            for entry in opened.infolist()
            if entry.file_size in _SIZES and not entry.filename.endswith(".py")
            if _begins(opened, entry.filename)
        ]
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        are = "are pointers" if len(found) > 1 else "is a pointer"
        yield (
            f"{', '.join(found[:_SHOWN])}{more} in {wheel.name} {are} of Git LFS, and not the "
            "content: `git lfs pull` in the tree brings that"
        )


def _begins(opened: ZipFile, name: str) -> bool:
    with opened.open(name) as member:
        return member.read(len(_BEGIN)) == _BEGIN
