"""What an operator does to what is published: claim, yank, remove, mark."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from park.errors import Conflict, UnknownItem
from park.model.pins import normalized_version
from park_repo import queries
from park_repo.clock import now
from park_repo.file_records import PROJECTS, OwnedProject, ProjectStatus, PublishedFile, shelf_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.utils import NormalizedName
    from sqlalchemy import Connection

    from park_repo.database import Database
    from park_repo.file_store import FileStore
    from park_repo.pages import Pages

__all__ = ["MOST_AT_ONCE", "Curator", "Removing"]

MOST_AT_ONCE = 50
"""Files that go in one transaction: a start takes more than a few hundred without a row for an
older database, and refuses."""

Removing = Callable[[], AbstractContextManager[object]]
"""What is entered while something is removed; it raises where nothing may be."""


class Curator:
    """Changes what is published. Every method is durable on return, and shows at once."""

    def __init__(
        self,
        database: Database,
        store: FileStore,
        pages: Pages,
        removing: Removing | None = None,
    ) -> None:
        """See `Removing`; None: whatever is asked for is removed."""
        self._database = database
        self._store = store
        self._pages = pages
        self._removing: Removing = removing or nullcontext

    async def claim(self, name: NormalizedName, user: str) -> OwnedProject:
        """Make the service the owner of a name, also of one that upstream has.

        From then on it is never looked up anywhere else. A name that is owned stays as it is.
        """

        def change(connection: Connection) -> OwnedProject:
            owned = queries.find_project(connection, name) or OwnedProject(
                name=name, owned_since=now(), owned_by=user
            )
            claimed = replace(owned, is_claimed=True)
            queries.put_project(connection, claimed)
            return claimed

        claimed = await self._database.awrite(change)
        self._pages.changed(PROJECTS, name)
        return claimed

    async def unclaim(self, name: NormalizedName) -> None:
        """Give a name back to upstream.

        Raises `UnknownItem` where it is not owned, `Conflict` while it has released files.
        """

        def change(connection: Connection) -> None:
            _owned(connection, name)
            files = queries.files_of_project(connection, PROJECTS, name)
            if files:
                raise Conflict(
                    f"{name} has {len(files)} files here; a name is either ours or upstream's",
                    hint=f"remove its versions first: park index remove {name} VERSION…",
                )
            queries.unown_project(connection, name)

        await self._database.awrite(change)
        self._pages.changed(PROJECTS, name)

    async def mark(
        self, name: NormalizedName, status: ProjectStatus, reason: str | None
    ) -> OwnedProject:
        """Give a project a status (PEP 792); raises `UnknownItem` where it is not owned."""

        def change(connection: Connection) -> OwnedProject:
            marked = replace(_owned(connection, name), status=status, reason=reason)
            queries.put_project(connection, marked)
            return marked

        marked = await self._database.awrite(change)
        self._pages.changed(PROJECTS, name)
        return marked

    async def yank(self, name: NormalizedName, version: str, reason: str | None) -> int:
        """Yank a released version (PEP 592), or unyank it where ``reason`` is None.

        Resolvers pass over it; an exact pin still gets it. Returns how many files it has;
        raises `UnknownItem` where it has none.
        """
        version = normalized_version(version)
        change = partial(
            queries.set_yanked, shelf=PROJECTS, project=name, version=version, reason=reason
        )
        count = await self._database.awrite(change)
        if not count:
            raise _no_version(name, version)
        self._pages.changed(PROJECTS, name)
        return count

    async def yank_file(self, sha256: str, reason: str) -> None:
        """Yank one file, released or of a working tree, for everybody who has it."""
        found = await self._database.awrite(
            partial(queries.yank_file, sha256=sha256, reason=reason)
        )
        for shelf, project in found:
            self._pages.changed(shelf, project)

    async def remove(
        self, name: NormalizedName, version: str, user: str
    ) -> tuple[PublishedFile, ...]:
        """Remove a version for good, a released one or one of ``user``'s trees, and its bytes.

        The names of its files go on to mean what they meant: the same bytes may come back,
        others may not. Returns what was removed; raises `UnknownItem` where nothing was there.
        """
        version = normalized_version(version)
        shelf = shelf_of(version, user)
        change = partial(queries.remove_files, shelf=shelf, project=name, version=version)
        with self._removing():
            gone = await self._database.awrite(change)
            if not gone:
                raise _no_version(name, version)
            self._pages.changed(shelf, name)
            # after the commit: whoever dies between leaves files without a row, which are swept
            await self._database.awrite(partial(self._discard, files=gone))
        return gone

    async def remove_trees(
        self, choose: Callable[[Connection], Sequence[PublishedFile]]
    ) -> tuple[PublishedFile, ...]:
        """Remove working trees that ``choose`` returns in the transaction in which they go.

        As `remove` does; at most `MOST_AT_ONCE` files, since a crash leaves those of one call
        without a row.
        """

        def change(connection: Connection) -> tuple[PublishedFile, ...]:
            gone = tuple(choose(connection))
            if len(gone) > MOST_AT_ONCE or any(file.shelf == PROJECTS for file in gone):
                raise ValueError(f"{len(gone)} files, or a released one among them")
            queries.remove_each(connection, gone)
            return gone

        with self._removing():
            gone = await self._database.awrite(change)
            for shelf, project in {(file.shelf, file.project) for file in gone}:
                self._pages.changed(shelf, project)
            await self._database.awrite(partial(self._discard, files=gone))
        return gone

    def _discard(self, connection: Connection, files: tuple[PublishedFile, ...]) -> None:
        """Delete bytes that nobody has any more; in the writer's thread, so none come back."""
        for file in files:
            if not queries.is_in_use(connection, file.sha256, file.filename):
                self._store.discard(file.sha256, file.filename)


def _owned(connection: Connection, name: NormalizedName) -> OwnedProject:
    owned = queries.find_project(connection, name)
    if owned is None:
        raise UnknownItem(
            f"this service does not own the name {name}", hint=f"park index claim {name}"
        )
    return owned


def _no_version(name: NormalizedName, version: str) -> UnknownItem:
    return UnknownItem(
        f"there is no {name} {version} here", hint=f"what there is: park index list {name}"
    )
