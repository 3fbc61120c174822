"""The part of a file that is here so far: on disk, and able to outlive the process.

::

    <root>/<job>.part    the bytes, in order
    <root>/<job>.json    where they come from; without it the bytes are of no use

After ``kill -9`` the bytes that were written are there. After a power cut they need not be:
the note names the boot of the machine, and another one's bytes are not trusted.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Self

from park.atomic import write_atomically
from park.errors import TooLarge
from park.model.sizes import shown_size
from park_server.fetches.answers import Held
from park_server.fetches.gunzip import Gunzip

__all__ = ["Partial", "Partials", "Source", "too_large"]

_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What an answer said of the content: its place, its name, how to ask for it again.

    ``total`` in bytes, None where it is not known.
    """

    place: str
    name: str
    validator: str | None
    etag: str | None
    last_modified: str | None
    total: int | None


class Partials:
    """The parts of all files that are being fetched."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def of(self, job: str, limit: int) -> Partial:
        """Return the part that ``job`` has; it may grow to ``limit`` bytes."""
        return Partial(self.root / f"{job}.part", limit)

    def jobs(self) -> set[str]:
        """Return the ids of the jobs that have a part here."""
        return {path.stem for path in self.root.iterdir() if path.suffix in {".part", ".json"}}

    def sweep(self, wanted: Collection[str]) -> None:
        """Remove what belongs to no job in ``wanted``, and what was half-written."""
        for path in self.root.iterdir():
            if path.stem not in wanted or path.name.startswith("."):
                path.unlink(missing_ok=True)


class Partial:
    """A file that grows. Its methods block, but for those that only look.

    Used as a context manager, it is closed at the end; what is there stays.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._note = path.with_suffix(".json")
        self._limit = limit
        self._file: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._gzip: Gunzip | None = None
        self.size = 0
        self.source: Source | None = None
        self.was_resumed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def path(self) -> Path:
        """Where the bytes are."""
        return self._path

    def held(self, place: str) -> Held | None:
        """Return what of the file at ``place`` is here, or None where that is of no use."""
        source = self.source
        if not self.size or source is None or source.validator is None or source.place != place:
            return None
        return Held(size=self.size, validator=source.validator)

    def recover(self) -> Iterator[int]:
        """Take up what an earlier process left; yields sizes, as it reads what is there."""
        source = self._noted()
        if source is None:
            self.remove()
            return
        try:
            self._path.chmod(0o600)
            self._file = self._path.open("r+b", buffering=0)
        except OSError:
            self.remove()
            return
        while block := self._file.read(_BLOCK):
            self._digest.update(block)
            self.size += len(block)
            yield self.size
        self.source = source
        self.was_resumed = self.size > 0

    def restart(self, source: Source, *, is_coded: bool) -> None:
        """Begin with nothing; with ``is_coded``, undo gzip in what comes."""
        if self._file is not None:
            self._file.close()
        self._path.unlink(missing_ok=True)  # never the inode of what is kept already
        self._note.unlink(missing_ok=True)
        self._file = self._path.open("xb", buffering=0)
        self._digest, self.size, self.was_resumed = hashlib.sha256(), 0, False
        self._gzip = Gunzip() if is_coded else None
        self.source = source
        if source.validator is not None:
            note = {**asdict(source), "boot": _boot()}
            write_atomically(self._note, json.dumps(note), mode=0o600)

    def append(self, block: bytes) -> None:
        """Add what came; raises `TooLarge`, and `BadGzip` for what is none."""
        if self._gzip is None:
            self._add(block)
            return
        for piece in self._gzip.feed(block):
            self._add(piece)

    def finish(self) -> str:
        """Make what is here durable; return its SHA-256 in hex.

        Raises `BadGzip` where the end is missing.
        """
        if self._gzip is not None:
            self._gzip.finish()
        os.fsync(self._opened.fileno())
        return self._digest.hexdigest()

    def _add(self, block: bytes) -> None:
        if self.size + len(block) > self._limit:
            raise too_large(self.size + len(block), self._limit)
        view = memoryview(block)
        while view:
            view = view[self._opened.write(view) :]
        self._digest.update(block)
        self.size += len(block)

    @property
    def _opened(self) -> IO[bytes]:
        if self._file is None:
            raise ValueError("neither recovered nor restarted")
        return self._file

    def remove(self) -> None:
        """Remove what is here."""
        if self._file is not None:
            self._file.close()
        self._path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _noted(self) -> Source | None:
        with suppress(OSError, ValueError, TypeError, KeyError):
            note = json.loads(self._note.read_text(encoding="utf-8"))
            if note.pop("boot") == _boot():
                return Source(**note)
        return None


def too_large(size: int, limit: int) -> TooLarge:
    """Return the error of a file of (at least) ``size`` bytes."""
    most = shown_size(limit)
    return TooLarge(
        f"the file has {shown_size(size)} or more; this service fetches {most} at most",
        hint="the operator of the service can raise it: park serve --fetch-limit SIZE",
    )


def _boot() -> str:
    """Return what tells this boot of the machine from others; empty where nothing does."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
