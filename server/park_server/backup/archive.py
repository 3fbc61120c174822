"""Where a backup is: a folder, or one file (tar), with contents by digest and the record last.

::

    contents/<sha256[:2]>/<sha256>
    backup.jsonl                    see `park_server.backup.backup_record`

The record is what makes it one: without it there is no backup, only the beginning of one.
"""

from __future__ import annotations

import io
import os
import secrets
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from park.digests import is_sha256
from park.errors import CannotSatisfy, UsageError
from park_repo.durable import remove_tree, sync_all, sync_directory
from park_server.backup.backup_record import Record, damaged, parse_record
from park_server.copying import copied, reflinked

__all__ = ["Archive", "NewArchive", "new_archive", "opened_archive", "read_from"]

_RECORD = "backup.jsonl"
_CONTENTS = "contents"
_MOST_OF_RECORD = 4 << 30


class NewArchive(Protocol):
    """A backup while it is made; each content is put there once."""

    def put(self, path: Path) -> tuple[str, int]:
        """Copy the file at ``path``, as long as it is now; return its SHA-256 and size."""

    def has(self, sha256: str) -> bool:
        """Tell whether that content is there."""

    def close(self, record: Record) -> None:
        """Make it whole and durable."""


class Archive(Protocol):
    """A backup that was made."""

    record: Record

    def contents(self) -> Iterator[tuple[str, IO[bytes]]]:
        """Yield each content by the digest that it should have, opened; see `read_from`."""


@contextmanager
def new_archive(target: Path) -> Iterator[NewArchive]:
    """Make a backup at ``target``, that appears when it is whole: a tar by its suffix, or a folder.

    Raises `UsageError` where something is there.
    """
    if os.path.lexists(target):
        raise UsageError(
            f"{target} is there already", hint="name one that is not, by the day for example"
        )
    if not target.parent.is_dir():
        raise UsageError(f"{target.parent} is no folder, in which the backup would be")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    is_compressed = target.name.endswith((".tar.gz", ".tgz"))
    is_tar = is_compressed or target.name.endswith(".tar")
    made: _NewFolder | _NewTar = (
        _NewTar(beside, is_compressed=is_compressed) if is_tar else _NewFolder(beside)
    )
    try:
        yield made
        beside.rename(target)
        sync_directory(target.parent)
    finally:
        remove_tree(beside)
        made.tidy()


def opened_archive(path: Path) -> Archive:
    """Open the backup at ``path``; raises `UsageError` for none, `CannotSatisfy` for damage."""
    if path.is_dir():
        return _Folder(path)
    if path.is_file():
        return _Tar(path)
    raise UsageError(f"there is no backup {path}")


def _place(sha256: str) -> str:
    return f"{_CONTENTS}/{sha256[:2]}/{sha256}"


class _NewFolder:
    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o700)
        (root / _CONTENTS).mkdir()
        self._known: set[str] = set()

    def has(self, sha256: str) -> bool:
        return sha256 in self._known

    def put(self, path: Path) -> tuple[str, int]:
        incoming = self._root / "incoming"
        sha256, size = _copy(path, incoming)
        place = self._root / _place(sha256)
        place.parent.mkdir(exist_ok=True)
        incoming.rename(place)
        self._known.add(sha256)
        return sha256, size

    def close(self, record: Record) -> None:
        paths = [self._root / _place(sha256) for sha256 in self._known]
        sync_all([*paths, *{path.parent for path in paths}])
        with (self._root / _RECORD).open("x", encoding="ascii") as file:
            file.writelines(record.lines())
        sync_all([self._root / _RECORD, self._root / _CONTENTS, self._root])

    def tidy(self) -> None:
        """Nothing is anywhere else."""


class _NewTar:
    def __init__(self, path: Path, *, is_compressed: bool) -> None:
        self._path = path
        self._spool = path.with_name(f"{path.name}.part")
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._tar = _new_tar(path, is_compressed=is_compressed)
        self._known: set[str] = set()

    def has(self, sha256: str) -> bool:
        return sha256 in self._known

    def put(self, path: Path) -> tuple[str, int]:
        # a copy first: a tar wants to know how long it is, and it may be written to
        sha256, size = _copy(path, self._spool)
        if sha256 not in self._known:
            with self._spool.open("rb") as file:
                self._tar.addfile(_header(_place(sha256), size), file)
            self._known.add(sha256)
        return sha256, size

    def close(self, record: Record) -> None:
        text = "".join(record.lines()).encode("ascii")
        self._tar.addfile(_header(_RECORD, len(text)), io.BytesIO(text))
        self._tar.close()
        sync_all([self._path])

    def tidy(self) -> None:
        self._tar.close()
        self._spool.unlink(missing_ok=True)


def _new_tar(path: Path, *, is_compressed: bool) -> tarfile.TarFile:
    if is_compressed:  # little: most of it are wheels, which are compressed
        return tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT, compresslevel=1)
    return tarfile.open(path, "w:", format=tarfile.PAX_FORMAT)


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


def _copy(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file, as long as it is now, to ``target``; links are not followed."""
    read = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        target.unlink(missing_ok=True)
        written = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            return reflinked(read, written) or copied(read, written, os.fstat(read).st_size)
        finally:
            os.close(written)
    finally:
        os.close(read)


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            data = (root / _RECORD).read_bytes()
        except FileNotFoundError:
            raise _no_backup(root) from None
        self.record = parse_record(data, str(root))

    def contents(self) -> Iterator[tuple[str, IO[bytes]]]:
        for sha256 in self.record.contents():
            try:
                with (self._root / _place(sha256)).open("rb") as file:
                    yield sha256, file
            except FileNotFoundError:
                continue  # whoever counts them sees that


class _Tar:
    def __init__(self, path: Path) -> None:
        self._path = path
        data = None
        with read_from(path):
            for name, file in self._members():
                if name == _RECORD:
                    data = file.read(_MOST_OF_RECORD)
        if data is None:
            raise _no_backup(path)
        self.record = parse_record(data, str(path))

    def contents(self) -> Iterator[tuple[str, IO[bytes]]]:
        for name, file in self._members():
            sha256 = name.rpartition("/")[2]
            if is_sha256(sha256):
                yield sha256, file

    def _members(self) -> Iterator[tuple[str, IO[bytes]]]:
        with tarfile.open(self._path, "r:*") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                if file is not None:
                    yield member.name, file


@contextmanager
def read_from(path: Path) -> Iterator[None]:
    """Read a backup in this block; raises `CannotSatisfy` where that cannot be read."""
    try:
        yield
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise damaged(str(path), f"it ends too soon, or cannot be read: {error}") from error


def _no_backup(path: Path) -> CannotSatisfy:
    return CannotSatisfy(
        f"{path} is no whole backup: it does not say what it is of ({_RECORD})",
        hint="a backup that was interrupted is none; take another one",
    )
