"""Files by content: inputs that clients sent and outputs that jobs left, named by SHA-256."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from park.digests import is_sha256
from park.errors import InvalidUpload, UnknownItem
from park.wire import FileRecord
from park_repo.durable import sync_directory, sync_file

__all__ = ["ContentStore", "KeptFile"]

_BLOCK = 1 << 20
_PREFIX = 2
"""Digits of a digest that name the folder of a file."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the store; ``changed`` is when it was put there, a Unix time."""

    sha256: str
    size: int
    changed: float


class ContentStore:
    """A folder of immutable files; one is there whole, under its digest, or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        shutil.rmtree(self._incoming, ignore_errors=True)  # what a crash left half-written
        self._incoming.mkdir(parents=True)

    @property
    def folder(self) -> Path:
        """The folder that holds all of it."""
        return self._root

    def path_of(self, sha256: str) -> Path:
        """Return the path of the file; raises `UnknownItem` where the store lacks it."""
        path = self._place(sha256)
        if not path.is_file():
            raise UnknownItem(f"no file with sha256 {sha256} on this service")
        return path

    def has(self, sha256: str) -> bool:
        """Tell whether the store has the file."""
        return self._place(sha256).is_file()

    async def receive(self, sha256: str, chunks: AsyncIterable[bytes]) -> int:
        """Store a stream that must have this digest; return its size in bytes.

        Raises `InvalidUpload` where the digest is another; nothing remains then.
        """
        place, temporary = self._place(sha256), self._incoming / secrets.token_hex(8)
        digest, size = hashlib.sha256(), 0
        try:
            with temporary.open("wb") as file:
                async for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                sync_file(file)
            if digest.hexdigest() != sha256:
                raise InvalidUpload(
                    f"the file's sha256 is {digest.hexdigest()}; expected {sha256}",
                    hint="the file changed while it was sent; send it again",
                )
            self._keep(temporary, place)
        finally:
            temporary.unlink(missing_ok=True)
        return size

    def copy(self, source: BinaryIO) -> tuple[str, int]:
        """Store what is read from ``source``; return its sha256 and size in bytes."""
        temporary = self._incoming / secrets.token_hex(8)
        digest = hashlib.sha256()
        try:
            with temporary.open("wb") as file:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    file.write(block)
                size = file.tell()
                sync_file(file)
            self.take(temporary, digest.hexdigest())
        finally:
            temporary.unlink(missing_ok=True)
        return digest.hexdigest(), size

    def take(self, path: Path, sha256: str) -> None:
        """Move the file at ``path`` into the store.

        Its content is durable, and the caller has seen that it has this digest.
        """
        place = self._place(sha256)
        place.parent.mkdir(exist_ok=True)
        path.chmod(0o400)
        try:
            path.replace(place)
        except OSError:  # on another file system
            self._keep(path, place)
            path.unlink()
        else:
            sync_directory(place.parent)

    def files(self) -> Iterator[KeptFile]:
        """Yield each file that is there; one that goes meanwhile is left out."""
        for folder in self._root.iterdir():
            if len(folder.name) == _PREFIX and folder.is_dir():
                for file in folder.iterdir():
                    with suppress(FileNotFoundError):
                        status = file.stat()
                        yield KeptFile(file.name, status.st_size, status.st_ctime)

    def remove(self, sha256: str) -> None:
        """Remove the file, if it is there."""
        self._place(sha256).unlink(missing_ok=True)

    def collect(self, folder: Path) -> tuple[FileRecord, ...]:
        """Keep every regular file below ``folder`` and return their records, by name.

        The files stay where they are (the store holds links to them), so that a crash before
        the caller's commit loses nothing. Symbolic links are not followed: they may point
        at what is not the job's to publish.
        """
        return tuple(
            self._collected(path, path.relative_to(folder).as_posix())
            for path in sorted(_regular_files(folder))
        )

    def _collected(self, path: Path, name: str) -> FileRecord:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            sync_file(file)
        self._keep(path, self._place(sha256))
        return FileRecord(name=name, sha256=sha256, size=path.stat().st_size)

    def _keep(self, source: Path, place: Path) -> None:
        place.parent.mkdir(exist_ok=True)
        try:
            os.link(source, place)
        except FileExistsError:
            return
        except OSError:  # a file system without hard links, or another one
            temporary = self._incoming / secrets.token_hex(8)
            shutil.copyfile(source, temporary)
            temporary.replace(place)
        place.chmod(0o400)
        sync_directory(place.parent)

    def _place(self, sha256: str) -> Path:
        if not is_sha256(sha256):
            raise UnknownItem(f"not a sha256 in hex: {sha256!r}")
        return self._root / sha256[:2] / sha256


def _regular_files(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _regular_files(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path)
