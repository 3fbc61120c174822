"""What of a source tree no build ever sees, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from park.build.tree.junk import BUILD_OUTPUT, is_junk_file, is_junk_folder, made_by_tools

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["LeftOut", "left_out"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A file, or a folder (with a final slash) of which nothing is seen."""

    path: str
    reason: str


def left_out(root: Path, seen: Iterable[str]) -> tuple[LeftOut, ...]:
    """Return what lies below ``root`` beside the paths ``seen``, sorted.

    A folder without any seen file is one entry; one without any file is none, nor are the
    folders of version control.
    """
    files = frozenset(seen)
    folders = frozenset(str(above) for path in files for above in PurePosixPath(path).parents)
    return tuple(sorted(_below(str(root), "", files, folders), key=lambda entry: entry.path))


def _below(
    folder: str, prefix: str, files: frozenset[str], folders: frozenset[str]
) -> Iterator[LeftOut]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.name in {".git", ".hg", ".svn", ".bzr"} or path in files:
                continue
            if not entry.is_dir():
                yield LeftOut(path=path, reason=_reason_of_file(entry.name))
            elif path in folders:
                yield from _below(entry.path, f"{path}/", files, folders)
            elif _has_files(entry.path):
                yield LeftOut(path=f"{path}/", reason=_reason_of_folder(entry, path))


def _reason_of_file(name: str) -> str:
    return "never part of a project" if is_junk_file(name) else "ignored by git"


def _reason_of_folder(entry: os.DirEntry[str], path: str) -> str:
    if is_junk_folder(entry.name):
        return "never part of a project"
    if path in BUILD_OUTPUT:
        return "output of a build"
    return made_by_tools(entry.path, set(os.listdir(entry.path))) or "ignored by git"  # noqa: PTH208 (an entry has strings)


def _has_files(folder: str) -> bool:
    return any(files for _, _, files in os.walk(folder))
