"""What comes back from a node, into the folder of its job, as if the job had left it there.

All of it can be sent again: streams and files go on from the offset that is here, a file counts
once its digest is right, and the record of the exit comes last, since the engine looks for it.

A job may read the token of its node, which runs as the same account. So what comes is believed no
more than what a job leaves in its folder, and costs no more than what was sent for it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from park.digests import is_sha256
from park.errors import Conflict, InvalidUpload, NoRoom, UsageError
from park.model.sizes import shown_size
from park.runtime.folder import JobFolder, write_record
from park.runtime.processes import Identity
from park_server import untrusted
from park_server.copying import copied, reflinked
from park_server.jobs.files.left_files import MOST_FILES
from park_server.untrusted import Making

__all__ = ["Left", "NodeFolder"]

STREAMS = ("progress.jsonl", "stderr", "stdout")

_INCOMING = ".incoming"
_RECORDS = {
    "outcome": "outcome.json",
    "used": "used.json",
    "used_base": "used-base.json",
    "exit": "exit.json",
}
"""What a job leaves in its folder besides its files, in the order in which it is put there."""

_APPEND = os.O_WRONLY | os.O_CREAT
_MOST_PARTS = 100
_MOST_OF_FREE = 0.5
"""The part of what is free on the disk that further copies of what came may take."""

_LONGEST_BOOT_ID = 64
_LONGEST_NAME = 255
"""Bytes of the name of a file, as file systems have it."""

_LONGEST_WHY = 4_096


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """A file that a job left on its node: its path in the work directory, and its content."""

    name: str
    sha256: str
    size: int

    @property
    def parts(self) -> list[str]:
        """The folders and the name; raises `UsageError` for what does not stay below."""
        parts = self.name.split("/")
        is_file = all(map(_is_name, parts)) and len(parts) <= _MOST_PARTS and self.size >= 0
        if not is_file or not is_sha256(self.sha256):
            raise UsageError(f"no file that a job can have left: {self.name!r:.300}")
        return parts


class NodeFolder:
    """The folder of one attempt of a job whose node shares nothing; not for an event loop."""

    def __init__(self, root: Path, attempt: int) -> None:
        self._root = root
        self._attempt = attempt

    def claim(self, owner: dict[str, Any]) -> None:
        """Give the attempt to ``owner``; raises `Conflict` where somebody else has it.

        Asked again by the same, since an answer was lost, it is his as before. What an earlier
        attempt left is not this one's.
        """
        found = Identity.from_record(owner)  # a node that has no /proc names none
        if owner and (found is None or len(found.boot) > _LONGEST_BOOT_ID):
            raise UsageError("no process that can claim an attempt: it has pid, started and boot")
        named = {} if found is None else found.as_record()
        if not JobFolder(root=str(self._root)).claim(self._attempt, named):
            raise Conflict(f"the attempt {self._attempt} of job {self._root.name} is taken")
        with self._opened() as inside:
            for name in (*STREAMS, "work", _INCOMING):
                untrusted.remove(name, inside)

    def is_to_stop(self) -> bool:
        """Tell whether the job is asked to stop and to keep its best."""
        return (self._root / "stop").exists()

    def append(self, stream: str, offset: int, data: bytes) -> int:
        """Write ``data`` to a stream at ``offset``, unless that leaves a gap; return its size."""
        if stream not in STREAMS:
            raise UsageError(f"no stream {stream!r}: there are {', '.join(STREAMS)}")
        with self._opened() as inside:
            descriptor = untrusted.open_plain(stream, inside, _APPEND)
            try:
                return _written(descriptor, offset, data)
            finally:
                os.close(descriptor)

    def mark(self, marks: dict[str, Any]) -> None:
        """Write down what ``@park.job`` says of the callable."""
        write_record(JobFolder(root=str(self._root)).marks, {**marks, "attempt": self._attempt})

    def missing(self, files: Collection[Left]) -> dict[str, int]:
        """Return the contents that are not here whole, with how much of each is."""
        _require_few(files)
        found = {}
        with self._opened() as inside, _incoming(inside) as folder:
            for file in files:
                _ = file.parts
                here = _size(file.sha256, folder)
                if here != file.size or _size(f"{file.sha256}.whole", folder) is None:
                    found[file.sha256] = min(here or 0, file.size)
        return found

    def put(self, sha256: str, offset: int, size: int, data: bytes) -> int:
        """Write a piece of a content of ``size`` bytes; return how much of it is here.

        Raises `InvalidUpload` where all is here and its digest is another: none of it stays.
        What is here whole is neither written nor read again.
        """
        if not is_sha256(sha256):
            raise UsageError(f"not a sha256 in hex: {sha256!r:.100}")
        with self._opened() as inside, _incoming(inside) as folder:
            if _size(f"{sha256}.whole", folder) is not None:
                return size
            descriptor = untrusted.open_plain(sha256, folder, os.O_RDWR | os.O_CREAT)
            try:
                here = _written(descriptor, offset, data)
                if here >= size:
                    _require_digest(descriptor, sha256, folder)
                    os.close(os.open(f"{sha256}.whole", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
                return here
            finally:
                os.close(descriptor)

    def end(self, files: Collection[Left], records: Mapping[str, Any], why: str | None) -> None:
        """Put ``files`` in the work directory, then ``records``; ``why`` it did not start, if so.

        A content becomes the last file that has it, and is copied for any before. Raises `Conflict`
        where a file is not here yet, `NoRoom` where the copies would take too much of the disk.
        """
        _require_few(files)
        if why is not None:
            (self._root / "slurm.out").write_text(f"{why:.{_LONGEST_WHY}}\n", encoding="utf-8")
            records = {"exit": {"status": 1, "signal": None}}
        last = {file.sha256: file for file in files}
        with self._opened() as inside, _incoming(inside) as folder:
            copies = sum(_here(file, folder) for file in files if last[file.sha256] is not file)
            _require_room(copies, folder)
            for file in files:
                try:
                    _place(file, inside, folder, moves=last[file.sha256] is file)
                except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
                    raise UsageError(
                        f"{file.name!r:.300} cannot be put in the work directory: {error.strerror}",
                        hint="a file is no folder of another, and no link leads there",
                    ) from error
        for name, path in _RECORDS.items():
            if isinstance(record := records.get(name), dict):
                whole = {**record, "attempt": self._attempt}
                write_record(f"{self._root}/{path}", whole)

    def _opened(self) -> AbstractContextManager[int]:
        return untrusted.folder(self._root.parent, [self._root.name])


def _is_name(part: str) -> bool:
    try:
        length = len(os.fsencode(part))
    except UnicodeEncodeError:  # half a surrogate pair stands for no byte
        return False
    return part not in {".", ".."} and "\0" not in part and 0 < length <= _LONGEST_NAME


def _incoming(inside: int) -> AbstractContextManager[int]:
    return untrusted.below(inside, [_INCOMING], make=True)


def _size(name: str, folder: int) -> int | None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _written(descriptor: int, offset: int, data: bytes) -> int:
    """Write ``data`` at ``offset``; return the size of the file. A gap is left to the sender."""
    size = os.fstat(descriptor).st_size
    if offset > size:
        return size
    view = memoryview(data)
    while view:
        done = os.pwrite(descriptor, view, offset)
        view, offset = view[done:], offset + done
    return max(size, offset)


def _require_digest(descriptor: int, sha256: str, folder: int) -> None:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        os.unlink(sha256, dir_fd=folder)
        raise InvalidUpload(
            f"what came has the SHA-256 {found}; expected {sha256}",
            hint="it changed on its way, or on the disk of the node",
        )


def _require_few(files: Collection[Left]) -> None:
    if len(files) > MOST_FILES:
        raise UsageError(
            f"{len(files):,} files, and a job may leave {MOST_FILES:,}", hint="leave an archive"
        )


def _here(file: Left, folder: int) -> int:
    return _size(file.sha256, folder) or 0


def _require_room(size: int, folder: int) -> None:
    """Raise `NoRoom` where ``size`` bytes are more of the disk than one job may take at once."""
    disk = os.fstatvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if size > free * _MOST_OF_FREE:
        raise NoRoom(
            f"what the job left more than once takes {shown_size(size)} on the disk of its service,"
            f" which has {shown_size(free)} left",
            hint="leave equal files once",
        )


def _place(file: Left, inside: int, folder: int, *, moves: bool) -> None:
    """Give a content that has come its place in the work directory: itself, or a copy."""
    if _size(f"{file.sha256}.whole", folder) is None:
        raise Conflict(f"the content of {file.name!r:.300} has not come yet")
    *above, name = file.parts
    with untrusted.below(inside, ["work", *above], make=Making()) as place:
        if _size(file.sha256, folder) is None:  # an earlier end was cut off, or its answer was lost
            if _size(name, place) != file.size:
                raise Conflict(f"the content of {file.name!r:.300} went to another file")
            return
        if moves:
            os.rename(file.sha256, name, src_dir_fd=folder, dst_dir_fd=place)
            return
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=place)
        source = untrusted.open_plain(file.sha256, folder)
        try:
            _copied(source, name, place)
        finally:
            os.close(source)


def _copied(source: int, name: str, place: int) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    target = os.open(name, flags, 0o600, dir_fd=place)
    try:
        if reflinked(source, target) is None:
            copied(source, target, os.fstat(source).st_size)
    finally:
        os.close(target)
