"""The index of a service: what is published, where its bytes are, and how more comes in."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, is_normalized_name

from park.errors import Conflict, NotPermitted, UnknownItem
from park_repo import queries
from park_repo.checks.filenames import parse_distribution_name
from park_repo.checks.inspection import agree_with_form, inspect_file, metadata_of
from park_repo.clock import now
from park_repo.curation import Curator, Removing
from park_repo.file_records import (
    PROJECTS,
    KnownFile,
    Layer,
    OwnedProject,
    ProjectTotal,
    PublishedFile,
    Shelf,
    shelf_of,
    trees_of,
)
from park_repo.file_store import FileStore, IncomingFile
from park_repo.pages import Pages
from park_repo.upstream.remote_files import RemoteFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName
    from sqlalchemy import Connection

    from park_repo.checks.file_facts import FileFacts
    from park_repo.database import Database
    from park_repo.upstream.external import ExternalIndex
    from park_repo.upstream.upstream import RemoteProject, Upstream

__all__ = ["MAX_UPLOAD_BYTES", "Index", "Publication", "Upload"]

MAX_UPLOAD_BYTES = 4 << 30
"""The default limit of one file. The largest wheels in use (torch with CUDA) are near 1 GB."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that arrived and is not checked, and who sent it as what, if ``permit`` lets him."""

    content: IncomingFile
    filename: str
    user: str
    permit: Callable[[NormalizedName, str], None]
    fields: Mapping[str, str] = field(default_factory=dict)
    """Fields of the legacy upload form (``sha256_digest``, ``name``, …), as sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """The outcome of an upload: the file, and whether it is new or was there already."""

    file: PublishedFile
    is_new: bool


class Index:
    """The package index over ``database`` and the directory ``root``.

    ``upstream`` is the index behind this one, or None where there is none (air-gapped).
    ``external`` takes the place of the embedded index: released projects live there, trees
    here. ``cache`` is where files of both are kept (``root/remote`` if not given).
    ``max_upload_bytes`` limits one file; ``removing`` is that of `Curator`. The tables must exist;
    leftovers of a process that was killed are removed here, so make one `Index` of a directory at
    a time. ``on_published`` holds functions that are called with each new file, after its commit
    and on the event loop of the upload.
    """

    def __init__(
        self,
        database: Database,
        root: Path,
        upstream: Upstream | None = None,
        *,
        external: ExternalIndex | None = None,
        cache: Path | None = None,
        max_upload_bytes: int = MAX_UPLOAD_BYTES,
        removing: Removing | None = None,
    ) -> None:
        self.upstream = upstream
        self.external = external
        self.max_upload_bytes = max_upload_bytes
        self.refused: set[str] = set()  # digests that are given out no more, whoever has them
        self.on_published: list[Callable[[PublishedFile], None]] = []
        self._database = database
        self._store = FileStore(root)
        self.pages = Pages(database, self.refused)
        self.curator = Curator(database, self._store, self.pages, removing)
        self.remote_files = RemoteFiles(cache or root / "remote", self.remote_project)
        for path in self._store.sweep(database.read(queries.all_contents)):
            _log.warning("put into quarantine, since no row of the database names it: %s", path)

    @property
    def quarantine(self) -> Path:
        """The folder of what was set aside: damaged, or without a row. Nothing reads it."""
        return self._store.quarantine

    async def aclose(self) -> None:
        """Give up what is being brought from other indexes, and close the connections."""
        await self.remote_files.aclose()
        for remote in self._remotes():
            await remote.aclose()

    def owned_projects(self) -> tuple[OwnedProject, ...]:
        """Return the projects whose names this service owns, sorted by name."""
        return self._database.read(queries.owned_projects)

    def owned(self, project: str) -> OwnedProject | None:
        """Return the project of this name if the service owns it."""
        name = canonicalize_name(project)
        return self._database.read(partial(queries.find_project, name=name))

    def totals(self, user: str) -> tuple[ProjectTotal, ...]:
        """Return how much there is of each project, of released files and of ``user``'s trees."""
        return self._database.read(partial(queries.totals, user=user))

    async def project_names(self) -> list[NormalizedName]:
        """Return the names that this service owns, and those of the external index, sorted."""
        names = {owned.name for owned in self.owned_projects()}
        if self.external is not None:
            names.update(await self.external.remote.names())
        return sorted(names)

    async def remote_project(self, name: NormalizedName) -> RemoteProject | None:
        """Return a project that is not ours, from the first other index that has it, or None.

        A name that the service owns is asked of the external index alone, where its files
        are; without one, of nobody. Two indexes are never merged.
        """
        if not is_normalized_name(name):
            return None  # no project can have it
        is_owned = self.owned(name) is not None
        for remote in self._remotes():
            if remote is self.upstream and is_owned:
                continue
            if (project := await remote.project(name)) is not None:
                return project
        return None

    def tree_projects(self, user: str) -> tuple[NormalizedName, ...]:
        """Return the names of the projects of which ``user`` has working trees here."""
        return self._database.read(partial(queries.project_names, shelf=trees_of(user)))

    def project_files(self, project: str) -> tuple[PublishedFile, ...]:
        """Return the released files of ``project``, oldest first; empty if it is not owned."""
        return self._files(PROJECTS, project)

    def tree_files(self, project: str, user: str) -> tuple[PublishedFile, ...]:
        """Return ``user``'s working trees of ``project``, oldest first."""
        return self._files(trees_of(user), project)

    def has(self, sha256: str, *, user: str | None = None) -> bool:
        """Tell whether a file with this digest is here, whole; given ``user``, for him to see.

        Reads it where that is not known: not for an event loop.
        """
        found = self._by_digest(sha256, user)
        return any(self._store.is_whole(sha256, file.filename) for file in found)

    async def known_as(self, project: str, filename: str, *, user: str) -> KnownFile | None:
        """Return digest and size of the file of this name that ``user`` gets here.

        Released files come first, then his trees, then other indexes. Raises `UpstreamFault`.
        """
        name = canonicalize_name(project)
        for file in (*self.project_files(name), *self.tree_files(name, user)):
            if file.filename == filename:
                return KnownFile(file.sha256, file.size)
        remote = await self.remote_project(name)
        return None if remote is None else remote.known(filename)

    def file_by_hash(
        self, sha256: str, *, user: str | None = None, filename: str | None = None
    ) -> PublishedFile:
        """Return the file with this digest, and this name if given, that ``user`` may see.

        The same bytes may be on several shelves; a released file comes first. Without ``user``
        every shelf is searched. Raises `UnknownItem`, `NotPermitted` for a quarantined project.
        """
        files = [f for f in self._by_digest(sha256, user) if filename in {None, f.filename}]
        if not files:
            raise UnknownItem(f"no file with sha256 {sha256} in this index", hint="upload it")
        file = min(files, key=lambda file: file.layer)
        if file.layer is Layer.PROJECTS:
            self._require_offered(file)
        return file

    def path_of(self, sha256: str) -> Path:
        """Return the path of the file with this digest; it ends in the wheel's file name.

        Raises `UnknownItem`. The file is shared: never write to it.
        """
        return self._store.path_of(sha256, self.file_by_hash(sha256).filename)

    def stored_at(self, file: PublishedFile) -> Path:
        """Return the path of ``file``'s bytes."""
        return self._store.path_of(file.sha256, file.filename)

    async def ready_at(self, file: PublishedFile) -> Path:
        """Return `stored_at`, once the bytes are seen to have their digest.

        Raises `UnknownItem` where they were changed on the disk.
        """
        known = (file.sha256, file.filename)
        if self._store.looks_whole(*known) or await asyncio.to_thread(self._store.is_whole, *known):
            return self.stored_at(file)
        raise _changed(file)

    def whole_metadata(self, file: PublishedFile) -> Path:
        """Return the path of a wheel's METADATA (PEP 658), taken from it anew where they changed.

        Not for an event loop. Raises `UnknownItem` where the wheel itself was changed, too.
        """
        known = file.sha256, file.filename
        if not self._store.is_metadata_whole(*known, file.metadata_sha256 or ""):
            if not self._store.is_whole(*known):
                raise _changed(file)
            metadata = metadata_of(self.stored_at(file), file.filename)
            self._store.put_metadata(*known, metadata)
            _log.warning("the METADATA beside %s were changed: taken from it anew", file.filename)
        return self._store.metadata_path_of(*known)

    def incoming(self) -> IncomingFile:
        """Open a file to write an upload into; leaving its context removes what was not kept."""
        return self._store.incoming(limit=self.max_upload_bytes)

    async def publish(self, upload: Upload) -> Publication:
        """Check ``upload`` and publish it, all or nothing; durable on return.

        Raises `InvalidUpload` for a file that breaks a rule, `NotPermitted` for what its user may
        not, and releases of upstream's names, `Conflict` for other bytes of a name that is taken.
        """
        name = parse_distribution_name(upload.filename)
        shelf = shelf_of(str(name.version), upload.user)
        # the file's own faults first: its uploader can mend them, whoever has the name
        facts = await asyncio.to_thread(_check, upload)
        upload.permit(name.project, str(name.version))
        if shelf == PROJECTS:
            await self._require_ownership(name.project)
        file = _describe(upload, facts, shelf)
        if shelf == PROJECTS and self.external is not None:
            is_new = await self.external.publish(file, upload.content.path, upload.fields)
            publication = Publication(file=file, is_new=is_new)
        else:
            keep = partial(self._store.keep, upload.content, file.filename, facts.metadata)
            is_here = await asyncio.to_thread(self._store.is_whole, file.sha256, file.filename)
            change = partial(_commit, file=file, keep=keep, is_here=is_here)
            publication = await self._database.awrite(change)
        if publication.is_new:
            self.pages.changed(shelf, file.project)
            self._announce(publication.file)
        return publication

    async def _require_ownership(self, project: NormalizedName) -> None:
        """See that a released version of ``project`` may be published here.

        A name is the service's or upstream's, never both: else whoever may upload could
        give everybody another numpy, and whoever may publish upstream another mymodel.
        """
        owned = self.owned(project)
        if owned is not None:
            _require_uploads(owned)
            return
        found = await self.remote_project(project)
        if found is not None and found.source is self.upstream:
            raise NotPermitted(
                f"{project} is a project of {self.upstream.url}: this service does not take"
                " released versions of it",
                hint=f"install your working tree of it (park install), which only you see;"
                f" or the operator takes the name over: park index claim {project}",
            )

    def _require_offered(self, file: PublishedFile) -> None:
        owned = self.owned(file.project)
        if owned is not None and not owned.status.offers_files:
            raise NotPermitted(
                f"{file.project} is quarantined here: {owned.reason or 'no reason given'}",
                hint="the operator can lift it: park index status PROJECT active",
            )

    def _remotes(self) -> list[Upstream]:
        external = [] if self.external is None else [self.external.remote]
        return external if self.upstream is None else [*external, self.upstream]

    def _announce(self, file: PublishedFile) -> None:
        for callback in self.on_published:
            try:
                callback(file)
            except Exception:  # noqa: BLE001 (the file is published, whatever a listener makes of it)
                _log.exception("a listener failed on %s", file.filename)

    def _files(self, shelf: Shelf, project: str) -> tuple[PublishedFile, ...]:
        name = canonicalize_name(project)
        return self._database.read(partial(queries.files_of_project, shelf=shelf, project=name))

    def _by_digest(self, sha256: str, user: str | None) -> tuple[PublishedFile, ...]:
        return self._database.read(partial(queries.files_by_digest, sha256=sha256, visible_to=user))


def _changed(file: PublishedFile) -> UnknownItem:
    return UnknownItem(
        f"{file.filename} was changed or lost on the disk of this index",
        hint="upload the same file again: that mends it",
    )


def _check(upload: Upload) -> FileFacts:
    upload.content.finish()
    agree_with_form(upload.fields, upload.content)
    return inspect_file(upload.content.path, upload.filename, upload.fields)


def _describe(upload: Upload, facts: FileFacts, shelf: Shelf) -> PublishedFile:
    return PublishedFile(
        layer=shelf.layer,
        owner=shelf.owner,
        project=facts.name.project,
        version=facts.version,
        filename=upload.filename,
        key=facts.name.key,
        size=upload.content.size,
        sha256=upload.content.sha256,
        metadata_sha256=facts.metadata_sha256,
        requires_python=facts.requires_python,
        uploaded_at=now(),
        uploaded_by=upload.user,
        yanked=None,
    )


def _commit(
    connection: Connection,
    *,
    file: PublishedFile,
    keep: Callable[[], None],
    is_here: bool,
) -> Publication:
    """Take the name, or see that it is taken; the bytes are in place before the commit.

    ``is_here`` tells whether its bytes were there, whole: else they are put there again.

    Runs in the one writer thread, so of two racing uploads the second sees the first. A
    process that dies between `keep` and the commit leaves a file without a row: swept.
    """
    there = queries.find_file(connection, file.shelf, file.key)
    digest = queries.removed_digest(connection, file.shelf, file.key)
    taken_by = there.sha256 if there is not None else digest
    if taken_by not in {None, file.sha256}:
        where = "is here already" if there is not None else "was here, and was removed,"
        raise Conflict(
            f"{file.filename} {where} with other bytes: sha256 {taken_by}, uploaded {file.sha256}",
            hint="a file name is immutable: give the new file a new version",
        )
    if there is not None:
        if not is_here:
            keep()
        return Publication(file=there, is_new=False)
    if file.layer is Layer.PROJECTS:
        _own(connection, file)
    keep()
    queries.forget_removal(connection, file.shelf, file.key)
    queries.add_file(connection, file)
    return Publication(file=file, is_new=True)


def _own(connection: Connection, file: PublishedFile) -> None:
    """Make the project the service's with its first file; see that it still takes files."""
    owned = queries.find_project(connection, file.project)
    if owned is None:
        owned = OwnedProject(
            name=file.project, owned_since=file.uploaded_at, owned_by=file.uploaded_by
        )
        queries.put_project(connection, owned)
    _require_uploads(owned)


def _require_uploads(owned: OwnedProject) -> None:
    if not owned.status.takes_uploads:
        raise NotPermitted(
            f"{owned.name} is {owned.status} here: {owned.reason or 'no reason given'}",
            hint=f"the operator can change that: park index status {owned.name} active",
        )
