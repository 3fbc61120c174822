"""Content hashes of a tree's files, known again by their signature.

The rule is git's for a "racy" index: a file changed within one tick of the file system's
clock after it was hashed keeps its signature. So a hash is only remembered once the file's
times lie clearly before the moment of hashing; any later write then moves its ctime. The
same holds for a folder and what it lists.
"""

from __future__ import annotations

import hashlib
import os
import time
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, overload

from park.build.step import Progress, silent
from park.build.tree import git
from park.build.tree.asked_git import identity
from park.build.tree.named_paths import declared_paths
from park.build.tree.sought import sought_before, sought_file
from park.build.tree.tree_cache import (
    DIGEST_LENGTH,
    TreeMemory,
    encoded,
    load_memory,
    look,
    memory_file,
    store_memory,
)
from park.build.tree.tree_file import Signature, TreeFile, signature_of
from park.build.tree.visible import Listing, list_tree
from park.errors import LocalSetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from park.build.cache import Cache

__all__ = [
    "HashedFile",
    "Snapshot",
    "content_hash",
    "is_settled",
    "snapshot_of",
    "take_snapshot",
]

_TICK_NS = 2_000_000_000
"""Margin for the clock of a file system: FAT's ticks are 2 s, ext4's 4 ms, and NFS's are those
of a server whose clock may be a little off."""

_HAS_CHANGE_TIME = os.name != "nt"  # on Windows st_ctime is the creation, and mtime can be set
_ATTEMPTS = 3

_MUCH = 64 << 20
"""Bytes that may take a second to read and hash, from a slow disk: that is said."""


class HashedFile(NamedTuple):
    """One visible file and the SHA-256 of its content, in hex.

    That of a symbolic link is its text (see `TreeFile`).
    """

    path: str
    source: str
    executable: bool
    sha256: str
    link: str | None = None

    @property
    def mode(self) -> str:
        """One letter: a link, an executable file, or another."""
        if self.link is not None:
            return "l"
        return "x" if self.executable else "-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What a tree held at one moment, sorted by path.

    ``content_hash`` is the SHA-256 in hex over every path, mode and content.
    """

    root: Path
    files: Sequence[HashedFile]
    content_hash: str

    def named(self, paths: Iterable[str]) -> tuple[HashedFile, ...]:
        """Return those of ``paths`` that are among the files, without looking at all of them."""
        found = []
        for path in sorted(paths):
            place = bisect_left(self.files, path, key=_path_of)
            if place < len(self.files) and self.files[place].path == path:
                found.append(self.files[place])
        return tuple(found)


def content_hash(files: Iterable[HashedFile]) -> str:
    """Return the SHA-256 in hex over path, mode and content hash of ``files``."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path):
        line = f"{file.path}\0{file.mode}\0{file.sha256}\n"
        digest.update(os.fsencode(line))
    return digest.hexdigest()


def is_settled(signature: Signature, now_ns: int) -> bool:
    """Tell whether a write after ``now_ns`` is sure to change this signature."""
    _, mtime, ctime, _, _ = signature
    return max(mtime, ctime) + _TICK_NS < now_ns


def take_snapshot(
    root: Path,
    *,
    cache: Cache,
    clock: Callable[[], int] = time.time_ns,
    progress: Progress = silent,
) -> Snapshot:
    """Hash every file of the tree at ``root`` that a build can see.

    ``clock`` gives the time in nanoseconds since 1970, as the file system's clock does;
    ``progress`` is told where there is much to read.

    Raises `LocalSetError` for a file that never stops changing.
    """
    store = memory_file(root, cache)
    memory = load_memory(store) if _HAS_CHANGE_TIME else None
    if memory is not None and memory.is_current(identity()):
        return _recalled(root, memory)
    started_ns = clock()
    named = {*declared_paths(root), *sought_before(root, cache)}
    listing = list_tree(root, sorted(named), apart=cache.own_folders())
    if listing.watched is not None:
        watched = (*listing.watched, str(sought_file(root, cache)))
        listing = replace(listing, watched=watched)
    return _hashed(root, listing, store, memory, started_ns, progress=progress)


def snapshot_of(
    root: Path,
    files: Iterable[TreeFile],
    *,
    cache: Cache,
    clock: Callable[[], int] = time.time_ns,
) -> Snapshot:
    """Hash ``files``, which somebody else listed; ``root`` is what they are remembered under.

    Raises as `take_snapshot` does.
    """
    store = memory_file(root, cache)
    memory = load_memory(store) if _HAS_CHANGE_TIME else None
    listing = Listing(files=tuple(sorted(files, key=lambda file: file.path)), watched=None)
    return _hashed(root, listing, store, memory, clock())


def _recalled(root: Path, memory: TreeMemory) -> Snapshot:
    return Snapshot(root=root, files=_Recalled(memory), content_hash=memory.content_hash)


class _Recalled(Sequence[HashedFile]):
    """The files of a memory; each is put together when it is looked at, since few are."""

    def __init__(self, memory: TreeMemory) -> None:
        self._paths, self._sources = memory.split_files()
        self._executables = memory.executables
        self._digests = memory.digests

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, place: int) -> HashedFile: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[HashedFile]: ...
    def __getitem__(self, place: int | slice) -> HashedFile | Sequence[HashedFile]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        path = self._paths[place]
        start = place % len(self) * DIGEST_LENGTH
        digest = self._digests[start : start + DIGEST_LENGTH]
        return HashedFile(path, self._sources[place], self._executables[place] == "x", digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as lists have none


def _path_of(file: HashedFile) -> str:
    return file.path


def _hashed(
    root: Path,
    listing: Listing,
    store: Path,
    memory: TreeMemory | None,
    started_ns: int,
    *,
    progress: Progress = silent,
) -> Snapshot:
    """Hash the files of ``listing`` that ``memory`` does not know, and remember all."""
    known = {} if memory is None else memory.digests_by_path()
    digests = [_known(file, known) for file in listing.files]
    _tell(
        [file for file, digest in zip(listing.files, digests, strict=True) if not digest],
        progress,
        root,
    )
    files = tuple(
        HashedFile(file.path, file.source, file.executable, digest or _digest(file), file.link)
        for file, digest in zip(listing.files, digests, strict=True)
    )
    snapshot = Snapshot(root=root, files=files, content_hash=content_hash(files))
    if _HAS_CHANGE_TIME:
        with suppress(OverflowError):  # inode numbers that need 64 bits: hashed again each time
            remembered = _memory(snapshot, listing, started_ns)
            if remembered != memory:
                store_memory(store, remembered)
    return snapshot


def _tell(unknown: Sequence[TreeFile], progress: Progress, root: Path) -> None:
    """Say what is to be read, where that may take longer than a second."""
    size = sum(file.signature[0] for file in unknown)
    if size >= _MUCH:
        from park.model.sizes import shown_size

        progress(f"reading {len(unknown):,} files of {root}, {shown_size(size)}")


def _known(file: TreeFile, known: dict[str, tuple[Signature, str]]) -> str | None:
    signature, digest = known.get(file.path, (None, None))
    return digest if signature == file.signature and file.link is None else None


def _memory(snapshot: Snapshot, listing: Listing, started_ns: int) -> TreeMemory:
    """Return what may be remembered: hashes of settled files, a listing of settled folders."""
    settled = [is_settled(file.signature, started_ns) for file in listing.files]
    watched = _watched(snapshot.root, listing, started_ns) if all(settled) else None
    digests = zip((file.sha256 for file in snapshot.files), settled, strict=True)
    return TreeMemory(
        paths="\0".join(file.path for file in listing.files),
        sources="\0".join(file.source for file in listing.files),
        executables="".join("x" if file.executable else "-" for file in listing.files),
        digests="".join(digest if fine else " " * len(digest) for digest, fine in digests),
        signatures=encoded(file.signature for file in listing.files),
        content_hash=snapshot.content_hash,
        git=identity(),
        watched=None if watched is None else "\0".join(watched),
        watched_signatures="" if watched is None else encoded(watched.values()),
    )


def _watched(root: Path, listing: Listing, started_ns: int) -> dict[str, Signature] | None:
    """Return all that the listing rests on, or None unless each was settled before it."""
    if listing.watched is None:
        return None
    watched = {path: look(path) for path in sorted({*listing.watched, *git.rests_on(root)})}
    settled = all(is_settled(signature, started_ns) for signature in watched.values())
    return watched if settled else None


def _digest(file: TreeFile) -> str:
    """Hash a file that has the listed signature both before and after it is read."""
    if file.link is not None:
        return hashlib.sha256(os.fsencode(file.link)).hexdigest()
    for _ in range(_ATTEMPTS):
        with Path(file.source).open("rb") as stream:
            before = signature_of(os.fstat(stream.fileno()))
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if signature_of(os.fstat(stream.fileno())) == before:
                return digest
    raise LocalSetError(
        f"{file.source} changes while it is read", hint="wait until it is written, and run again"
    )
