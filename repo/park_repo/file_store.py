"""The file store: contents by digest, written whole or not at all.

::

    <root>/incoming/<random>.part                        being written; swept at start
    <root>/files/<sha256[:2]>/<sha256>/<file name>       published
    <root>/files/<sha256[:2]>/<sha256>/<file name>.metadata
    <root>/quarantine/<random>/<sha256>/<file name>      without a row; nothing reads them
    <root>/quarantine/<sha256>.<random>                  found damaged; nothing reads them

A wheel keeps its file name, so that pip and uv can install it from its path. A file that
has no row in the database does not exist; the sweep at start puts it into quarantine.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Self

from park.errors import CannotSatisfy, TooLarge
from park_repo.durable import sync_directory, sync_file, write_durably, write_synced
from park_repo.whole_files import WholeFiles

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path
    from types import TracebackType

__all__ = ["FileStore", "IncomingFile"]

_MOST_OF_A_CRASH = 256
"""Uploads share a commit with at most so many others (`park_repo.database`): a crash leaves
no more files without a row than that."""


class IncomingFile:
    """A file while it arrives: written, counted and hashed chunk by chunk.

    A context manager: whatever is still under its temporary name at the end is removed.
    """

    def __init__(self, path: Path, *, limit: int) -> None:
        self.path = path
        self.metadata_path = path.with_suffix(".metadata")
        self.size = 0
        self._limit = limit
        self._sha256 = hashlib.sha256()
        # the legacy upload API's blake2_256 is BLAKE2b with a digest of 32 bytes
        self._blake2 = hashlib.blake2b(digest_size=32)
        self._file = path.open("xb")

    def write(self, data: bytes | memoryview) -> None:
        """Append ``data``; raises `TooLarge` past the limit."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge(
                f"the file is over the limit of {self._limit:,} bytes of this index",
                hint="ask the operator of the service for a higher limit",
            )
        self._sha256.update(data)
        self._blake2.update(data)
        self._file.write(data)

    @property
    def sha256(self) -> str:
        """SHA-256 in hex of what has been written."""
        return self._sha256.hexdigest()

    @property
    def blake2_256(self) -> str:
        """BLAKE2b-256 in hex of what has been written."""
        return self._blake2.hexdigest()

    def md5(self) -> str:
        """Read what has been written and return its MD5 in hex: few uploads are told by that."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

    def finish(self) -> None:
        """Bring every byte to the disk and close the file."""
        sync_file(self._file)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        for path in (self.path, self.metadata_path):
            path.unlink(missing_ok=True)


class FileStore:
    """The files under ``root``, a directory on one file system."""

    def __init__(self, root: Path) -> None:
        self._files = root / "files"
        self._incoming = root / "incoming"
        self._quarantine = root / "quarantine"
        self._files.mkdir(parents=True, exist_ok=True)
        self._incoming.mkdir(exist_ok=True)
        self._whole = WholeFiles(self._quarantine)

    @property
    def quarantine(self) -> Path:
        """The folder of what was set aside, which nothing reads."""
        return self._quarantine

    def incoming(self, *, limit: int) -> IncomingFile:
        """Open a new incoming file of at most ``limit`` bytes."""
        return IncomingFile(self._incoming / f"{secrets.token_hex(16)}.part", limit=limit)

    def path_of(self, sha256: str, filename: str) -> Path:
        """Return where the file of this digest and name is, or would be."""
        return self._files / sha256[:2] / sha256 / filename

    def metadata_path_of(self, sha256: str, filename: str) -> Path:
        """Return where the METADATA of that file is, or would be (PEP 658)."""
        return self.path_of(sha256, f"{filename}.metadata")

    def is_whole(self, sha256: str, filename: str) -> bool:
        """Tell whether the file has its digest; one that has not is set aside.

        Reads it where it does not look as when that was last seen: not for an event loop.
        """
        return self._whole.is_whole(self.path_of(sha256, filename), sha256)

    def is_metadata_whole(self, sha256: str, filename: str, metadata_sha256: str) -> bool:
        """Tell whether the METADATA of a file have their digest, as `is_whole` does."""
        return self._whole.is_whole(self.metadata_path_of(sha256, filename), metadata_sha256)

    def put_metadata(self, sha256: str, filename: str, metadata: bytes) -> None:
        """Put the METADATA of a file that is here beside it, durably."""
        path = self.metadata_path_of(sha256, filename)
        write_durably(path, metadata)
        self._whole.note(path)

    def looks_whole(self, sha256: str, filename: str) -> bool:
        """Tell, without reading it, whether the file is as it was when it was seen whole."""
        return self._whole.looks_whole(self.path_of(sha256, filename))

    def keep(self, incoming: IncomingFile, filename: str, metadata: bytes | None) -> None:
        """Move a finished ``incoming`` file to its place, with its METADATA, if any, beside it.

        On return both survive a power cut. The same content kept twice is the same file.
        """
        target = self.path_of(incoming.sha256, filename)
        target.parent.mkdir(parents=True, exist_ok=True)
        if metadata is not None:
            write_synced(incoming.metadata_path, metadata)
            incoming.metadata_path.rename(self.metadata_path_of(incoming.sha256, filename))
        incoming.path.rename(target)
        self._whole.note(target)
        for directory in (target.parent, target.parent.parent, self._files):
            sync_directory(directory)

    def discard(self, sha256: str, filename: str) -> None:
        """Delete a file that no row accounts for any more, and its METADATA."""
        place = self.path_of(sha256, filename)
        for path in (place, self.metadata_path_of(sha256, filename)):
            path.unlink(missing_ok=True)
        for directory in (place.parent, place.parent.parent):
            if directory.is_dir() and not any(directory.iterdir()):
                directory.rmdir()

    def sweep(self, known: AbstractSet[tuple[str, str]]) -> list[Path]:
        """Put away what is not in ``known`` (sha256, file name); return where it is now.

        What never arrived whole is removed. Only safe while nothing is being uploaded.
        Raises `CannotSatisfy`, with all in its place, where more is unknown than a crash
        leaves: then it is the database that lacks something.
        """
        orphans = self._orphans(known)
        if len(orphans) > _MOST_OF_A_CRASH:
            raise CannotSatisfy(
                f"the database knows nothing of {len(orphans):,} files below {self._files}:"
                " it is older than they are",
                hint="bring back the newest backup of park.sqlite; to go on without these files,"
                f" move {self._files} aside",
            )
        for path in self._incoming.iterdir():
            path.unlink()
        return [self._put_away(path) for path in orphans]

    def _put_away(self, path: Path) -> Path:
        """Move what no row names to where nothing reads it, and nothing is lost."""
        place = self._quarantine / secrets.token_hex(8) / path.relative_to(self._files)
        place.parent.mkdir(parents=True)
        path.rename(place)
        return place

    def _orphans(self, known: AbstractSet[tuple[str, str]]) -> list[Path]:
        """List entries of ``files/`` that no row accounts for, whole directories first."""
        digests = {sha256 for sha256, _ in known}
        directories = list(self._files.glob("*/*"))
        unknown = [path for path in directories if path.name not in digests]
        wanted = {self.path_of(*item) for item in known}
        wanted |= {self.metadata_path_of(*item) for item in known}
        inside = [p for d in directories if d.name in digests for p in d.iterdir()]
        return unknown + [path for path in inside if path not in wanted]
