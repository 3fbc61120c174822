"""Pages of another index on the disk: for an outage that outlasts the process which read them.

::

    <folder>/<sha256 of the index's URL>/<sha256 of the project's name>

A file is a line with the sha256 of the rest, and the page: its ETag and document, in JSON.

A page that does not have its digest is none. Past a limit, those go that were read from the index
longest ago; so the folder may also be deleted while the service is down.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from park.atomic import appearing
from park_repo.page_text import page_text, read_page

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName

    from park_repo.simple import Document

__all__ = ["KeptPage", "KeptPages"]

_log = logging.getLogger(__name__)

_MOST_BYTES = 256 << 20
"""The pages of some ten scientific closures (`park_repo.upstream.upstream`), taken apart."""

_AFTER_TIDYING = 0.9

_UNFINISHED = ".unfinished-"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptPage:
    """A page as it was: the document with its URLs absolute, the ETag, its size in bytes."""

    document: Document
    etag: str | None
    size: int


class KeptPages:
    """The pages of the index at ``url``, in ``folder``; from any thread.

    A disk that takes nothing is told in the log.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder / hashlib.sha256(url.encode()).hexdigest()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # URLs may have secrets
        for left in self._folder.glob(f"{_UNFINISHED}*"):
            left.unlink()
        self._lock = Lock()
        self._bytes = sum(size for _, size, _ in self._oldest_first())

    def read(self, name: NormalizedName) -> KeptPage | None:
        """Return the page of a project, if it is here whole."""
        try:
            digest, _, body = self._place(name).read_bytes().partition(b"\n")
        except OSError:
            return None
        if hashlib.sha256(body).hexdigest().encode() != digest:
            _log.error("the kept page of %s does not have its SHA-256 any more", name)
            return None
        kept = read_page(body)
        return KeptPage(document=kept["document"], etag=kept["etag"], size=len(body))

    def write(self, name: NormalizedName, document: Document, etag: str | None) -> None:
        """Keep a page in place of the one before."""
        body = f'{{"etag":{json.dumps(etag)},"document":{page_text(document)}}}'.encode("ascii")
        content = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
        beside = self._folder / f"{_UNFINISHED}{secrets.token_hex(8)}"
        with self._lock:
            try:
                self._forget(name)
                with appearing(self._place(name), beside=beside) as partial:
                    partial.touch(mode=0o600)
                    partial.write_bytes(content)
                self._bytes += len(content)
                self._tidy()
            except OSError as error:
                _log.warning("the page of %s is not kept: %s", name, error)

    def forget(self, name: NormalizedName) -> None:
        """Keep no page of a project."""
        with self._lock:
            self._forget(name)

    def _forget(self, name: NormalizedName) -> None:
        path = self._place(name)
        if path.exists():
            self._bytes -= path.stat().st_size
            path.unlink()

    def _place(self, name: NormalizedName) -> Path:
        """Return where a page is: what people ask for may be longer than a name of a file."""
        digest = hashlib.sha256(name.encode(errors="backslashreplace"))
        return self._folder / digest.hexdigest()

    def _tidy(self) -> None:
        if self._bytes <= _MOST_BYTES:
            return
        for _, size, path in self._oldest_first():
            path.unlink()
            self._bytes -= size
            if self._bytes <= _AFTER_TIDYING * _MOST_BYTES:
                return

    def _oldest_first(self) -> list[tuple[int, int, Path]]:
        found = ((path.stat(), path) for path in self._folder.iterdir())
        return sorted((status.st_mtime_ns, status.st_size, path) for status, path in found)
