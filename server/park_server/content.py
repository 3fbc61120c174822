"""Files by content: inputs that clients sent and outputs that jobs left, named by SHA-256.

::

    files/<sha256[:2]>/<sha256>   whole, durable, read-only, and of nobody else
    files/lent/<user>/<sha256>    the same file once more, where a user's jobs find it
    files/incoming/               on their way in
    files/quarantine/             found damaged: <sha256>.<random>
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Self
from urllib.parse import quote

from park.digests import is_sha256
from park.errors import InvalidUpload, UnknownItem
from park_repo.durable import sync_all, sync_file
from park_repo.whole_files import WholeFiles
from park_server.copying import copied, reflinked
from park_server.threads import in_thread

__all__ = ["ContentStore", "Intake", "KeptFile"]

_SMALL_BYTES = 1 << 20
"""Read at once, and hashed before anything is written: the store may have it already."""

_BLOCK = 512
"""Bytes in a block of stat(2), whatever the file system has."""

_LENT = "lent"

_PASSED = 0o711
"""Others pass, and list nothing."""

_PREFIX = 2
"""Digits of a digest that name the folder of a file."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the store: its size in bytes, what it takes on the disk, and since when.

    ``changed`` is when it was put there or asked for the last time, a Unix time.
    """

    sha256: str
    size: int
    on_disk: int
    changed: float


class ContentStore:
    """A folder of immutable files; one is there whole, under its digest, or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        shutil.rmtree(self._incoming, ignore_errors=True)  # what a crash left half-written
        self._incoming.mkdir(parents=True)
        self._whole = WholeFiles(self.quarantine)
        self._changing = Lock()

    @property
    def folder(self) -> Path:
        """The folder that holds all of it."""
        return self._root

    @property
    def quarantine(self) -> Path:
        """The folder of what was found damaged."""
        return self._root / "quarantine"

    def path_of(self, sha256: str) -> Path:
        """Return the path of the file, whose content is seen to be what its digest says.

        Reads it all where it looks otherwise than when that was last seen, so not for an event
        loop: see `ready`. Raises `UnknownItem` where the store lacks it or it is damaged.
        """
        path = self._place(sha256)
        if self._whole.is_whole(path, sha256):
            return path
        if self._whole.was_damaged(sha256):
            raise UnknownItem(
                f"the content with sha256 {sha256} was changed on the disk of this service,"
                " and is set aside",
                hint="the same content sent again, or the job that made it run again, mends that",
            )
        raise UnknownItem(f"no file with sha256 {sha256} on this service")

    async def ready(self, sha256: str) -> Path:
        """Return what `path_of` does, for an event loop."""
        path = self._place(sha256)
        return path if self._whole.looks_whole(path) else await in_thread(self.path_of, sha256)

    def has(self, sha256: str) -> bool:
        """Tell whether the store has the file, whole; as `path_of`, not for an event loop."""
        return self._whole.is_whole(self._place(sha256), sha256)

    def looks_there(self, sha256: str) -> bool:
        """Tell, without reading it, whether the file is as it was when it was seen whole."""
        return self._whole.looks_whole(self._place(sha256))

    def size_of(self, sha256: str) -> int | None:
        """Return how large the file is, None where it is not there; it is not read."""
        try:
            return self._place(sha256).stat().st_size
        except FileNotFoundError:
            return None

    async def receive(self, sha256: str, chunks: AsyncIterable[bytes]) -> int:
        """Store a stream that must have this digest; return its size in bytes.

        Raises `InvalidUpload` where the digest is another; nothing remains then.
        """
        place, temporary = self._place(sha256), self.new_file()
        digest, size = hashlib.sha256(), 0
        try:
            with temporary.open("wb") as file:
                async for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                await in_thread(sync_file, file)
            if digest.hexdigest() != sha256:
                raise InvalidUpload(
                    f"the file's sha256 is {digest.hexdigest()}; expected {sha256}",
                    hint="the file changed while it was sent; send it again",
                )
            temporary.chmod(0o400)
            await in_thread(self.put, {place.name: temporary})
        finally:
            temporary.unlink(missing_ok=True)
        return size

    def copy(self, source: BinaryIO) -> tuple[str, int]:
        """Store what is read from ``source``; return its sha256 and size in bytes."""
        with self.intake() as intake:
            return intake.add(source.fileno())

    def take(self, path: Path, sha256: str) -> None:
        """Move the file at ``path`` into the store.

        Its content is durable, and the caller has seen that it has this digest.
        """
        path.chmod(0o400)
        try:
            self.put({sha256: path})
        except OSError:  # on another file system
            with path.open("rb") as file:
                self.copy(file)
            path.unlink()

    def files(self) -> Iterator[KeptFile]:
        """Yield each file that is there; one that goes meanwhile is left out."""
        for folder in self._root.iterdir():
            if len(folder.name) == _PREFIX and folder.is_dir():
                for file in folder.iterdir():
                    with suppress(FileNotFoundError):
                        status = file.stat()
                        size, on_disk = status.st_size, status.st_blocks * _BLOCK
                        yield KeptFile(file.name, size, on_disk, status.st_ctime)

    def lend(self, sha256: str, user: str, owner: tuple[int, int] | None = None) -> Path | None:
        """Return where jobs of ``user`` read the file; None where no file has two names here.

        So of all files they find those that they were given. ``owner``: user and group id of
        the user's account, None: ours. Raises `UnknownItem` as `path_of`, not for an event loop.
        """
        place, lent = self.path_of(sha256), self.shelf_of(user, owner) / sha256
        with self._changing, suppress(OSError):
            if not (lent.exists() and lent.samefile(place)):
                lent.unlink(missing_ok=True)
                lent.hardlink_to(place)
                if owner is not None:
                    place.chmod(0o444)
                self._whole.note(place)  # its look has changed, as we know
            return lent
        return None

    def shelf_of(self, user: str, owner: tuple[int, int] | None = None) -> Path:
        """Return the folder of what is lent to ``user``; raises `OSError`."""
        shelf = self._root / _LENT / quote(user or "_", safe="")
        if not shelf.is_dir():
            shelf.mkdir(parents=True, exist_ok=True, mode=0o700)
            if owner is not None:
                shelf.parent.chmod(_PASSED)
                os.chown(shelf, *owner)
        return shelf

    def remove(self, sha256: str, *, unless: Callable[[float], bool] = lambda _: False) -> bool:
        """Remove the file, unless that is true of when it was put there or renewed, a Unix time.

        Tells whether it went. Whoever renews it meanwhile finds it, or puts it there anew.
        """
        place = self._place(sha256)
        with self._changing:
            try:
                if unless(place.stat().st_ctime):
                    return False
                # its other names first: whoever is killed between removes the rest next time
                for lent in (self._root / _LENT).glob(f"*/{sha256}"):
                    lent.unlink(missing_ok=True)
                place.unlink()
            except FileNotFoundError:
                return False
        return True

    def intake(self) -> Intake:
        """Open the store for many files: they are in it, durable, at the end of the block."""
        return Intake(self)

    def renew(self, sha256: str) -> bool:
        """Tell whether the store `has` the file, which counts as put there now."""
        place = self._place(sha256)
        if not self._whole.is_whole(place, sha256):
            return False
        try:
            with self._changing:
                os.utime(place)
                self._whole.note(place)
        except FileNotFoundError:  # removed since the look
            return False
        return True

    # -- what an `Intake` needs

    def new_file(self) -> Path:
        """Return the path of a file that is on its way in."""
        return self._incoming / secrets.token_hex(8)

    def put(self, durable: dict[str, Path]) -> None:
        """Move files, by digest, to their places, which are durable then.

        What has such a place already is replaced: it may have been damaged.
        """
        places = {sha256: self._place(sha256) for sha256 in durable}
        shelves = {place.parent for place in places.values()}
        new = [shelf for shelf in shelves if _made(shelf)]
        for sha256, place in places.items():
            with self._changing:
                durable[sha256].replace(place)
                self._whole.note(place)
        sync_all([*shelves, self._root] if new else shelves)

    def _place(self, sha256: str) -> Path:
        if not is_sha256(sha256):
            raise UnknownItem(f"not a sha256 in hex: {sha256!r}")
        return self._root / sha256[:_PREFIX] / sha256


class Intake:
    """Files on their way into a store, together: one flush of the disk for all of them.

    A context manager. Nothing of it is kept where the block raises.
    """

    def __init__(self, store: ContentStore) -> None:
        self._store = store
        self._pending: dict[str, Path] = {}

    def add(self, source: int) -> tuple[str, int]:
        """Take the content of an open file; return its sha256 and size in bytes.

        It is as long as it is now: what is written meanwhile does not keep this going.
        """
        size = os.fstat(source).st_size
        if size > _SMALL_BYTES:
            return self._add_large(source, size)
        data = os.pread(source, size, 0)
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in self._pending and not self._store.renew(sha256):
            self._pending[sha256] = path = self._store.new_file()
            _write(path, data)
        return sha256, len(data)

    def _add_large(self, source: int, size: int) -> tuple[str, int]:
        path = self._store.new_file()
        try:
            target = os.open(path, _NEW, 0o400)
            try:
                result = reflinked(source, target) or copied(source, target, size)
            finally:
                os.close(target)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._pending.setdefault(result[0], path)
        if self._pending[result[0]] != path:
            path.unlink()
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and self._pending:
                sync_all(self._pending.values())
                self._store.put(self._pending)
        finally:
            for path in self._pending.values():
                path.unlink(missing_ok=True)


_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def _write(path: Path, data: bytes) -> None:
    with open(os.open(path, _NEW, 0o400), "wb", buffering=0) as file:  # noqa: PTH123 (a descriptor)
        file.write(data)


def _made(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True
