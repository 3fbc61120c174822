"""Builds that may read more than their tree: tried again with what they looked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from park.build.step import Progress, silent
from park.build.tree.hashing import Snapshot, take_snapshot
from park.build.tree.sought import note_sought
from park.build.tree.tree_file import LOOP
from park.errors import BuildFailed, LocalSetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from park.build.cache import Cache

__all__ = ["explained", "tried"]

_Answer = TypeVar("_Answer")

_NOT_ENCODED = "surrogates not allowed"
"""What Python's zipfile says of a name that is no text."""

_MOST_SHOWN = 3


def tried(
    root: Path, ask: Callable[[Snapshot], _Answer], *, cache: Cache, progress: Progress = silent
) -> _Answer:
    """Return what ``ask`` makes of the tree at ``root``.

    Where it fails for want of something that is there, beyond the tree or ignored by git, that
    is part of the tree from now on, and ``ask`` is called again. Raises as it does.
    """
    while True:
        snapshot = take_snapshot(root, cache=cache, progress=progress)
        try:
            return ask(snapshot)
        except BuildFailed as failed:
            if not _is_news(failed, snapshot, cache):
                raise _with_files(failed, snapshot) from None


def explained(failed: BuildFailed, snapshot: Snapshot, *, cache: Cache) -> Exception:
    """Return the error for a build that failed when its version was settled already."""
    if not _is_news(failed, snapshot, cache):
        return _with_files(failed, snapshot)
    sought = ", ".join(failed.details["sought"])
    return LocalSetError(
        f"the build of {snapshot.root} reads {sought}, which git ignores or which is not in its"
        " folder: from now on that is part of its version",
        hint="run it again: the build gets it, and the new version covers it",
    )


def _is_news(failed: BuildFailed, snapshot: Snapshot, cache: Cache) -> bool:
    """Note what the build looked for and was not given; tell whether any of that is there."""
    given = {file.path for file in snapshot.files}
    sought = [path for path in failed.details.get("sought", ()) if path not in given]
    return note_sought(snapshot.root, sought, cache)


def _with_files(failed: BuildFailed, snapshot: Snapshot) -> BuildFailed:
    """Name the files of the tree that the build stumbled over, where it does not itself."""
    if _NOT_ENCODED in str(failed.details.get("output")):
        odd = [file.path for file in snapshot.files if not _is_text(file.path)]
        if odd:
            return _with_odd_names(failed, odd)
    return _with_links(failed, snapshot)


def _is_text(path: str) -> bool:
    """Tell whether a path is UTF-8; Python reads other bytes of one as lone surrogates."""
    return path.encode("utf-8", "replace").decode() == path


def _with_odd_names(failed: BuildFailed, odd: list[str]) -> BuildFailed:
    shown = ", ".join(ascii(path) for path in odd[:_MOST_SHOWN])
    more = f" and {len(odd) - _MOST_SHOWN} more" if len(odd) > _MOST_SHOWN else ""
    return BuildFailed(
        f"{failed.message.splitlines()[0]}\nthe tree has {shown}{more}: a name that is not UTF-8,"
        " which no wheel can hold",
        hint="give it a name in UTF-8, or keep it out of the package",
        details=failed.details,
    )


def _with_links(failed: BuildFailed, snapshot: Snapshot) -> BuildFailed:
    """Name the links of the tree that lead nowhere, where the build speaks of them."""
    said = [line for path, line in _dead_ends(snapshot) if path in failed.message]
    if not said:
        return failed
    return BuildFailed(
        "\n".join([failed.message, *said]),
        hint="have these links lead to files of the tree, or the build not look at them",
        details=failed.details,
    )


def _dead_ends(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield the path of each link that leads nowhere, and what is to be said of it."""
    for file in snapshot.files:
        if file.link == LOOP:
            why = "leads to a folder that it is in, and is left out of the build"
        elif file.link is not None and not Path(file.source).exists():
            why = f"leads nowhere: to {file.link}"
        else:
            continue
        yield file.path, f"the symbolic link {file.path} {why}"
