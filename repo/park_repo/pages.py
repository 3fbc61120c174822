"""The pages of projects, built once for each change of a project and kept in memory.

One process writes the index, so it knows when a page is out of date: with the commit. A
page that is read again costs a look-up; see `front` for the path that it is served on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from packaging.utils import NormalizedName

from park_repo import queries
from park_repo.file_records import PROJECTS, Shelf
from park_repo.negotiation import MEDIA_TYPES
from park_repo.simple import Document, Page, project_document, project_list_document, render
from park_repo.single_flight import SingleFlight

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from park_repo.database import Database

__all__ = ["Pages"]

_KEPT_BYTES = 128 << 20
"""Of all pages in memory. 5,000 files make a page of 2 MB; most are below 10 kB."""

_Key: TypeAlias = tuple[Shelf, NormalizedName]
_PageKey: TypeAlias = tuple[_Key, str]

_FROM_PROJECTS = "../../files/"
_FROM_TREES = "../../../files/"
"""From ``/simple/<project>/``, and from ``/trees/simple/<project>/``, to ``/files/``."""


class Pages:
    """The pages of what is published here. All methods belong to the event loop.

    Files whose digests are ``refused`` are not on them; a page that one of these joins or leaves
    has `changed`.
    """

    def __init__(self, database: Database, refused: Collection[str] = ()) -> None:
        self._database = database
        self._refused = refused
        self._pages: dict[_PageKey, Page] = {}
        self._bytes = 0
        self._revisions: Counter[_Key] = Counter()
        self._builds: SingleFlight[Page | None] = SingleFlight()
        self._lists: dict[str, Page] = {}
        self._list_revision = 0
        self._list_builds: SingleFlight[Page] = SingleFlight()

    def ready(self, shelf: Shelf, project: str, media_type: str) -> Page | None:
        """Return the page if it is in memory and current; never waits."""
        return self._pages.get(((shelf, NormalizedName(project)), media_type))

    async def page(self, shelf: Shelf, project: NormalizedName, media_type: str) -> Page | None:
        """Return the page, or None where there is no such project on ``shelf``."""
        page = self.ready(shelf, project, media_type)
        if page is not None:
            return page
        key = (shelf, project)
        # a build that began before a change must not answer whoever asks after it
        return await self._builds.do(
            (key, media_type, self._revisions[key]), partial(self._built, key, media_type)
        )

    async def project_list(self, media_type: str) -> Page:
        """Return the list of the projects that the service owns."""
        kept = self._lists.get(media_type)
        if kept is not None:
            return kept
        return await self._list_builds.do(
            (media_type, self._list_revision), partial(self._list_built, media_type)
        )

    async def _list_built(self, media_type: str) -> Page:
        revision = self._list_revision
        page = await asyncio.to_thread(self._build_list, media_type)
        if self._list_revision == revision:
            self._lists[media_type] = page
        return page

    def _build_list(self, media_type: str) -> Page:
        owned = self._database.read(queries.owned_projects)
        return render(project_list_document(project.name for project in owned), media_type)

    def changed(self, shelf: Shelf, project: NormalizedName) -> None:
        """Forget the pages of a project: a change of it has been committed."""
        key = (shelf, project)
        self._revisions[key] += 1
        if shelf == PROJECTS:
            self._list_revision += 1
            self._lists.clear()
        for media_type in MEDIA_TYPES:
            self._drop((key, media_type))

    async def _built(self, key: _Key, media_type: str) -> Page | None:
        revision = self._revisions[key]
        # thousands of rows take tens of milliseconds: others are served meanwhile
        page = await asyncio.to_thread(self._build, key, media_type)
        if page is not None and self._revisions[key] == revision:
            self._keep((key, media_type), page)
        return page

    def _build(self, key: _Key, media_type: str) -> Page | None:
        document = self._database.read(partial(_document, key=key, refused=self._refused))
        return None if document is None else render(document, media_type)

    def _keep(self, key: _PageKey, page: Page) -> None:
        self._pages[key] = page
        self._bytes += page.size
        while self._bytes > _KEPT_BYTES:
            self._drop(next(iter(self._pages)))

    def _drop(self, key: _PageKey) -> None:
        page = self._pages.pop(key, None)
        self._bytes -= 0 if page is None else page.size


def _document(connection: Connection, key: _Key, refused: Collection[str]) -> Document | None:
    """Return the page of a project that the service owns, or of a user's trees of it."""
    shelf, project = key
    if shelf == PROJECTS:
        owned = queries.find_project(connection, project)
        if owned is None:
            return None
        files = queries.files_of_project(connection, shelf, project)
        return project_document(owned, files, files_url=_FROM_PROJECTS, refused=refused)
    files = queries.files_of_project(connection, shelf, project)
    if not files:
        return None
    return project_document(project, files, files_url=_FROM_TREES, refused=refused)
