"""The files of an index that serves a folder of this machine: each looked at before it is offered.

Whoever fills a folder by hand or with rsync leaves files there that are half written, or that are
no wheels. The index that serves them (pypiserver) gives a digest for whatever there is; here each
has to be what an upload would have to be.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from park.digests import file_sha256
from park.errors import ParkError
from park.model.pins import is_tree_version
from park_repo.checks.filenames import parse_distribution_name
from park_repo.checks.inspection import inspect_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.utils import NormalizedName

    from park_repo.simple import Document

__all__ = ["FolderFile", "FolderFiles"]

_FILES = "/packages/"
"""Where pypiserver has the files of its folder, below its root."""

_MOST = 100_000
"""How many files are remembered; each takes some 300 bytes."""

_Signature = tuple[str, int, int, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderFile:
    """A file of a folder that is offered; ``size`` in bytes, ``sha256`` in hex.

    ``changed`` is when somebody last wrote to it (UTC, RFC 3339).
    """

    project: NormalizedName
    version: str
    path: Path
    size: int
    sha256: str
    changed: str


class FolderFiles:
    """What is wrong with files of ``folder``, by what pages of the index say; for threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: OrderedDict[_Signature, tuple[str, str | None]] = OrderedDict()
        self._lock = threading.Lock()

    def objection(self, file: Document, sha256: str | None) -> str | None:
        """Return why the entry ``file`` of a page is not offered, or None.

        ``sha256`` is what the page says of it: the bytes that were looked at must be the same.
        """
        path = self.folder / unquote(urlsplit(file["url"]).path).removeprefix(_FILES)
        try:
            found, problem = self._looked_at(path, file["filename"])
        except OSError as error:
            return f"it cannot be read: {error.strerror}"
        if problem is None and found != sha256:
            return "it changes while it is read"
        return problem

    def problems(self) -> Iterator[tuple[Path, str]]:
        """Yield each file of the folder that would not be offered, and why."""
        for path in self._files():
            try:
                _, problem = self._looked_at(path, path.name)
            except OSError as error:
                problem = f"it cannot be read: {error.strerror}"
            if problem is not None:
                yield path, problem

    def offered(self, project: NormalizedName | None = None) -> Iterator[FolderFile]:
        """Yield each file of the folder that is offered, of ``project`` alone where one is given.

        Reads those that nobody has looked at: not for an event loop.
        """
        for path in self._files():
            with suppress(OSError, ParkError):  # it went meanwhile, or its name says nothing
                name = parse_distribution_name(path.name)
                if project is not None and name.project != project:
                    continue
                sha256, problem = self._looked_at(path, path.name)
                if problem is None:
                    status = path.stat()
                    yield FolderFile(
                        project=name.project,
                        version=str(name.version),
                        path=path,
                        size=status.st_size,
                        sha256=sha256,
                        changed=_moment(status.st_mtime),
                    )

    def _files(self) -> Iterator[Path]:
        for path in sorted(self.folder.rglob("*")):
            if path.name.endswith((".whl", ".tar.gz", ".zip")) and not _is_hidden(
                path.relative_to(self.folder)
            ):
                yield path

    def _looked_at(self, path: Path, filename: str) -> tuple[str, str | None]:
        """Return the digest of a file and what is wrong with it; raises `OSError`."""
        signature = _signature(path)
        with self._lock:
            known = self._known.get(signature)
        if known is not None:
            return known
        found = file_sha256(path), _problem(path, filename)
        if _signature(path) == signature:
            with self._lock:
                self._known[signature] = found
                if len(self._known) > _MOST:
                    self._known.popitem(last=False)
        return found


def _signature(path: Path) -> _Signature:
    status = path.stat()
    return str(path), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _problem(path: Path, filename: str) -> str | None:
    try:
        if is_tree_version(str(parse_distribution_name(filename).version)):
            return "it is a working tree, not a release: park install uploads those"
        inspect_file(path, filename, {})
    except ParkError as error:
        return error.message.removeprefix(f"{filename}: ")
    return None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
