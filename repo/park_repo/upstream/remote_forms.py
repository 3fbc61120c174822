"""The page of a project of another index in the forms that clients ask for, each rendered once."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

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

__all__ = ["RemoteForms"]

_FILES = "files/upstream/"
"""Below the URL of the service: where the files of other indexes are."""

_FILES_URL = f"../../{_FILES}"
"""The same from ``/simple/<project>/``."""

_MOST_FORMS = 16
"""Of one page, in memory: whoever asks says by which URL he reaches the service."""

_Key: TypeAlias = tuple[str, frozenset[str], frozenset[str] | None, str | None]
"""The media type of a page, the digests that are left out, the versions that are on it, and the
URL of the service that its provenance is named by."""


class RemoteForms:
    """What of ``document``, the page of ``name`` on another index, clients see here."""

    def __init__(self, name: NormalizedName, document: Document) -> None:
        self._name = name
        self._document = document
        self._pages: dict[_Key, Page] = {}

    async def page(
        self,
        media_type: str,
        refused: Collection[str],
        only: frozenset[str] | None,
        service_url: str | None,
    ) -> Page:
        """Return the page without ``refused`` digests, with ``only`` these versions; None: all.

        By ``service_url``, which ends in a slash, it names what attests to files (PEP 740); None:
        it names none.
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
        found = map(sha256_of, self._document["files"])
        return frozenset(sha256 for sha256 in found if sha256 is not None)

    @cached_property
    def _is_attested(self) -> bool:
        return any(map(provenance_url_of, self._document["files"]))

    def _rendered(
        self,
        media_type: str,
        refused: Collection[str],
        only: Collection[str] | None,
        service_url: str | None,
    ) -> Page:
        document = self._document if only is None else of_versions(self._document, only)
        shown = led_through_here(
            document,
            self._name,
            files_url=_FILES_URL,
            refused=refused,
            attested_at=None if service_url is None else f"{service_url}{_FILES}",
        )
        return render(shown, media_type)
