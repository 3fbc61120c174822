"""Clean exports: a copy of exactly the hashed files, for a backend to work in."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from park.build.cache import fresh_folder, lock_beside
from park.build.tree.named_paths import is_above
from park.build.tree.tree_file import LOOP
from park.errors import LocalSetError
from park.file_lock import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from park.build.cache import Cache
    from park.build.tree.hashing import HashedFile, Snapshot

__all__ = ["EPOCH", "exported", "verified_content"]

EPOCH = 315532800
"""1 January 1980, UTC, in seconds: the oldest time that a zip file can tell."""

_WRITTEN = EPOCH + 2
"""Of all else in a tree with files that a tool has made of others there, in the steps that a zip
file tells times in: a tool that compares times makes them anew."""

_GENERATED = re.compile(rb"(?i)generated (by|with|from) \S*(Cython|SWIG|f2py|pythran)")
_HEAD_BYTES = 512
"""Where such a file says so."""

_SETS_TIMES_OF_LINKS = os.utime in os.supports_follow_symlinks


@contextmanager
def exported(snapshot: Snapshot, *, cache: Cache) -> Iterator[Path]:
    """Give a copy of the snapshot's files; it is deleted at the end.

    The folder's path depends on the content, because compilers write the path of a source into
    what they make; where there are files above the tree, it lies as deep in a folder of that
    path as they are above it, under the names of here. Raises `LocalSetError` where a file is
    no longer what was hashed: then the wheel would not be what its version says.
    """
    folder = cache.exports / snapshot.content_hash[:32]
    with exclusive(lock_beside(folder)), fresh_folder(folder):
        depth = max((_steps_up(file.path) for file in snapshot.files), default=0)
        tree = folder.joinpath(*snapshot.root.parts[len(snapshot.root.parts) - depth :])
        tree.mkdir(parents=True, exist_ok=True)
        generated = {path for file in snapshot.files if (path := _copied(file, tree)) is not None}
        _set_times(folder, generated)
        yield tree


def _steps_up(path: str) -> int:
    """Return how far above the tree a path begins.

    >>> _steps_up("../../VERSION"), _steps_up("film/a.py")
    (2, 0)
    """
    return path.split("/").count("..") if is_above(path) else 0


def verified_content(file: HashedFile) -> bytes:
    """Return the content of ``file``; raises `LocalSetError` unless it is what was hashed."""
    content = Path(file.source).read_bytes()
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise LocalSetError(
            f"{file.source} changed while its project was being built",
            hint="run it again: the new content gets a version of its own",
        )
    return content


def _copied(file: HashedFile, folder: Path) -> Path | None:
    """Copy ``file`` into ``folder``; return its path there where a tool has made it."""
    target = Path(os.path.normpath(folder / file.path))
    if file.link is not None:
        _link(file.link, target)
        return None
    content = verified_content(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(0o755 if file.executable else 0o644)
    return target if _GENERATED.search(content, 0, _HEAD_BYTES) else None


def _link(text: str, target: Path) -> None:
    if text != LOOP:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(text)


def _set_times(folder: Path, generated: AbstractSet[Path]) -> None:
    """Give all one time; where there is something ``generated``, that is older than all else."""
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent, name) for name in (*folders, *files)):
            at = _WRITTEN if generated and path not in generated else EPOCH
            if _SETS_TIMES_OF_LINKS:
                os.utime(path, (at, at), follow_symlinks=False)
            elif not path.is_symlink():
                os.utime(path, (at, at))
