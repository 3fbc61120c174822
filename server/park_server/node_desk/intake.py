"""What comes back from a node, into the folder of its job, as if the job had left it there.

All of it can be sent again: streams and files go on from the offset that is here, a file counts
once its digest is right, and the record of the exit comes last, since the engine looks for it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from park.digests import is_sha256
from park.errors import Conflict, InvalidUpload, UsageError
from park.runtime.folder import JobFolder, write_record
from park_server import untrusted
from park_server.copying import copied, reflinked
from park_server.untrusted import Making

__all__ = ["EndOfAttempt", "Left", "NodeFolder"]

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
        is_below = not any(part in {"", ".", ".."} or "\0" in part for part in parts)
        if not is_below or len(parts) > _MOST_PARTS or not is_sha256(self.sha256):
            raise UsageError(f"no file that a job can have left: {self.name!r:.300}")
        return parts


@dataclass(frozen=True, kw_only=True, slots=True)
class EndOfAttempt:
    """What a node reports at the end: the files that were left, the records, or ``why`` not."""

    files: list[Left]
    records: dict[str, Any]
    why: str | None = None


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
        if not JobFolder(root=str(self._root)).claim(self._attempt, owner):
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

    def missing(self, files: Iterable[Left]) -> dict[str, int]:
        """Return the contents that are not here whole, with how much of each is."""
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
        """
        if not is_sha256(sha256):
            raise UsageError(f"not a sha256 in hex: {sha256!r:.100}")
        with self._opened() as inside, _incoming(inside) as folder:
            descriptor = untrusted.open_plain(sha256, folder, os.O_RDWR | os.O_CREAT)
            try:
                here = _written(descriptor, offset, data)
                if here >= size:
                    _require_digest(descriptor, sha256, folder)
                    os.close(os.open(f"{sha256}.whole", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
                return here
            finally:
                os.close(descriptor)

    def end(self, files: Iterable[Left], records: Mapping[str, Any], why: str | None) -> None:
        """Put ``files`` in the work directory, then ``records``; ``why`` it did not start, if so.

        Raises `Conflict` where a file is not here yet.
        """
        if why is not None:
            (self._root / "slurm.out").write_text(f"{why}\n", encoding="utf-8")
            records = {"exit": {"status": 1, "signal": None}}
        with self._opened() as inside, _incoming(inside) as folder:
            for file in files:
                _place(file, inside, folder)
        for name, path in _RECORDS.items():
            if isinstance(record := records.get(name), dict):
                whole = {**record, "attempt": self._attempt}
                write_record(f"{self._root}/{path}", whole)

    def _opened(self) -> AbstractContextManager[int]:
        return untrusted.folder(self._root.parent, [self._root.name])


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


def _place(file: Left, inside: int, folder: int) -> None:
    """Give a content that has come its place in the work directory, as a copy of its own."""
    if _size(f"{file.sha256}.whole", folder) is None:
        raise Conflict(f"the content of {file.name!r} has not come yet")
    *above, name = file.parts
    with untrusted.below(inside, ["work", *above], make=Making()) as place:
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
