"""Content hashes of a tree's files, known again by their signature.

The rule is git's for a "racy" index: a file changed within one tick of the file system's
clock after it was hashed keeps its signature. So a hash is only remembered once the file's
times lie clearly before the moment of hashing; any later write then moves its ctime.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from park.build.cache import Cache, write_atomically
from park.build.tree import Signature, TreeFile, signature_of, visible_files
from park.errors import LocalSetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["HashedFile", "Snapshot", "content_hash", "is_settled", "take_snapshot"]

_TICK_NS = 2_000_000_000
"""Margin for the clock of a file system: FAT's ticks are 2 s, ext4's 4 ms, and NFS's are those
of a server whose clock may be a little off."""

_HAS_CHANGE_TIME = os.name != "nt"  # on Windows st_ctime is the creation, and mtime can be set
_ATTEMPTS = 3


class HashedFile(NamedTuple):
    """One visible file and the SHA-256 of its content, in hex."""

    path: str
    source: str
    executable: bool
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What a tree held at one moment, sorted by path."""

    root: Path
    files: tuple[HashedFile, ...]

    @property
    def content_hash(self) -> str:
        """SHA-256 in hex over every path, executable bit and content."""
        return content_hash(self.files)


def content_hash(files: Iterable[HashedFile]) -> str:
    """Return the SHA-256 in hex over path, executable bit and content hash of ``files``."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path):
        line = f"{file.path}\0{'x' if file.executable else '-'}\0{file.sha256}\n"
        digest.update(os.fsencode(line))
    return digest.hexdigest()


def is_settled(signature: Signature, now_ns: int) -> bool:
    """Tell whether a write after ``now_ns`` is sure to change this signature."""
    _, mtime, ctime, _, _ = signature
    return max(mtime, ctime) + _TICK_NS < now_ns


def take_snapshot(root: Path, *, cache: Cache, clock: Callable[[], int] = time.time_ns) -> Snapshot:
    """Hash every file of the tree at ``root`` that a build can see.

    ``clock`` gives the time in nanoseconds since 1970, as the file system's clock does.

    Raises `LocalSetError` for a bad symbolic link, or a file that never stops changing.
    """
    files = visible_files(root)
    store = cache.hashes / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"
    known = _load(store) if _HAS_CHANGE_TIME else {}
    started_ns = clock()
    recalled = [_recalled(file, known) for file in files]
    hashed = tuple(
        HashedFile(file.path, file.source, file.executable, digest or _digest(file))
        for file, digest in zip(files, recalled, strict=True)
    )
    if None in recalled or len(recalled) != len(known):
        _remember(store, files, hashed, started_ns)
    return Snapshot(root=root, files=hashed)


def _recalled(file: TreeFile, known: Mapping[str, list[Any]]) -> str | None:
    row = known.get(file.path)
    return row[1] if row is not None and row[0] == list(file.signature) else None


def _digest(file: TreeFile) -> str:
    """Hash a file that has the listed signature both before and after it is read."""
    for _ in range(_ATTEMPTS):
        with Path(file.source).open("rb") as stream:
            before = signature_of(os.fstat(stream.fileno()))
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if signature_of(os.fstat(stream.fileno())) == before:
                return digest
    raise LocalSetError(
        f"{file.source} changes while it is read", hint="wait until it is written, and run again"
    )


def _load(store: Path) -> dict[str, list[Any]]:
    try:
        rows = json.loads(store.read_bytes())
    except (OSError, ValueError):  # no cache yet, or a damaged one: both cost one hashing
        return {}
    return rows if isinstance(rows, dict) else {}


def _remember(
    store: Path,
    files: Iterable[TreeFile],
    hashed: Iterable[HashedFile],
    started_ns: int,
) -> None:
    """Store the hashes of settled files."""
    if not _HAS_CHANGE_TIME:
        return
    rows = {
        file.path: [file.signature, done.sha256]
        for file, done in zip(files, hashed, strict=True)
        if is_settled(file.signature, started_ns)
    }
    write_atomically(store, json.dumps(rows, separators=(",", ":")))
