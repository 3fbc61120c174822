"""The file store: contents by digest, written whole or not at all.

::

    <root>/incoming/<random>.part                        being written; swept at start
    <root>/files/<sha256[:2]>/<sha256>/<file name>       published
    <root>/files/<sha256[:2]>/<sha256>/<file name>.metadata

A wheel keeps its file name, so that pip and uv can install it from its path. A file that
has no row in the database does not exist; the sweep at start removes it.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from typing import TYPE_CHECKING, Self

from park.errors import TooLarge
from park_repo.durable import sync_directory, sync_file, write_synced

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path
    from types import TracebackType

__all__ = ["FileStore", "IncomingFile"]


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
        self._files.mkdir(parents=True, exist_ok=True)
        self._incoming.mkdir(exist_ok=True)

    def incoming(self, *, limit: int) -> IncomingFile:
        """Open a new incoming file of at most ``limit`` bytes."""
        return IncomingFile(self._incoming / f"{secrets.token_hex(16)}.part", limit=limit)

    def path_of(self, sha256: str, filename: str) -> Path:
        """Return where the file of this digest and name is, or would be."""
        return self._files / sha256[:2] / sha256 / filename

    def metadata_path_of(self, sha256: str, filename: str) -> Path:
        """Return where the METADATA of that file is, or would be (PEP 658)."""
        return self.path_of(sha256, f"{filename}.metadata")

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
        """Remove what is half-made, and what is not in ``known`` (sha256, file name).

        Only safe while nothing is being uploaded. Returns what was removed.
        """
        leftovers = [*self._incoming.iterdir(), *self._orphans(known)]
        for path in leftovers:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return leftovers

    def _orphans(self, known: AbstractSet[tuple[str, str]]) -> list[Path]:
        """List entries of ``files/`` that no row accounts for, whole directories first."""
        digests = {sha256 for sha256, _ in known}
        directories = list(self._files.glob("*/*"))
        unknown = [path for path in directories if path.name not in digests]
        wanted = {self.path_of(*item) for item in known}
        wanted |= {self.metadata_path_of(*item) for item in known}
        inside = [p for d in directories if d.name in digests for p in d.iterdir()]
        return unknown + [path for path in inside if path not in wanted]
