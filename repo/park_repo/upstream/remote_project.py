"""The page of a project on another index, and as clients see it here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from park_repo.file_records import KnownFile
from park_repo.simple import Document, Page, render
from park_repo.upstream.remote_pages import (
    led_through_here,
    of_versions,
    provenance_url_of,
    sha256_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from packaging.utils import NormalizedName

    from park_repo.upstream.upstream import Upstream

__all__ = ["FILES", "RemoteProject"]

FILES = "files/upstream/"
"""Below the URL of the service: where the files of other indexes are."""

_FILES_URL = f"../../{FILES}"
"""The same from ``/simple/<project>/``."""

_MOST_FORMS = 16
"""Of one page, in memory: whoever asks says by which URL he reaches the service."""

_PageKey: TypeAlias = tuple[str, frozenset[str], frozenset[str] | None, str | None]
"""The media type of a page, the digests that are left out, the versions that are on it, and the
URL of the service that its provenance is named by."""


@dataclass(frozen=True, kw_only=True)
class RemoteProject:
    """The page of a project on another index."""

    name: NormalizedName
    source: Upstream
    document: Document
    """As the other index has it, its URLs absolute: for this service alone."""
    _pages: dict[_PageKey, Page] = field(default_factory=dict)

    def file(self, filename: str, *, sha256: str | None = None) -> Document | None:
        """Return the entry of a file, with this digest if given, or None."""
        for file in self.document["files"]:
            if file["filename"] == filename and sha256 in {None, sha256_of(file)}:
                found: Document = file
                return found
        return None

    def known(self, filename: str) -> KnownFile | None:
        """Return digest and size of the file that is offered under this name, or None."""
        files = (file for file in self.document["files"] if file["filename"] == filename)
        return next((KnownFile(s, f.get("size")) for f in files if (s := sha256_of(f))), None)

    async def page(
        self,
        media_type: str,
        refused: Collection[str] = (),
        only: frozenset[str] | None = None,
        service_url: str | None = None,
    ) -> Page:
        """Return the page as clients see it, without ``refused`` digests; rendered once.

        With ``only`` these versions; None: all. By ``service_url``, which ends in a slash, it
        names what attests to files (PEP 740); None: it names none.
        """
        aside = frozenset(refused) & self._digests if refused else frozenset()
        key = (media_type, aside, only, service_url if self._is_attested else None)
        page = self._pages.get(key)
        if page is None:
            # megabytes, for the largest: rendered in a thread, so that others are served
            page = await asyncio.to_thread(self._rendered, *key)
            if len(self._pages) >= _MOST_FORMS:
                self._pages.pop(next(iter(self._pages)))
            self._pages[key] = page
        return page

    @cached_property
    def _digests(self) -> frozenset[str]:
        found = map(sha256_of, self.document["files"])
        return frozenset(sha256 for sha256 in found if sha256 is not None)

    @cached_property
    def _is_attested(self) -> bool:
        return any(map(provenance_url_of, self.document["files"]))

    def _rendered(
        self,
        media_type: str,
        refused: Collection[str],
        only: Collection[str] | None,
        service_url: str | None,
    ) -> Page:
        document = self.document if only is None else of_versions(self.document, only)
        shown = led_through_here(
            document,
            self.name,
            files_url=_FILES_URL,
            refused=refused,
            attested_at=None if service_url is None else f"{service_url}{FILES}",
        )
        return render(shown, media_type)
