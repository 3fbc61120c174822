"""The index of a service: what is published, where its bytes are, and how more comes in."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from park.errors import Conflict, UnknownItem
from park_repo import queries
from park_repo.inspection import WheelFacts, agree_with_form, inspect_wheel
from park_repo.records import PROJECTS, PublishedFile, Shelf, shelf_of, trees_of
from park_repo.store import FileStore, IncomingFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName
    from sqlalchemy import Connection

    from park_repo.database import Database
    from park_repo.upstream import Upstream

__all__ = ["MAX_UPLOAD_BYTES", "Index", "Publication", "Upload"]

MAX_UPLOAD_BYTES = 4 << 30
"""The default limit of one file. The largest wheels in use (torch with CUDA) are near 1 GB."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that has arrived but is not checked, and who sent it as what."""

    content: IncomingFile
    filename: str
    user: str
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
    ``max_upload_bytes`` limits one file. The tables must exist; leftovers of a process that
    was killed are removed here, so make one `Index` of a directory at a time.

    ``on_published`` holds functions that are called with each new file, after its commit
    and on the event loop of the upload.
    """

    def __init__(
        self,
        database: Database,
        root: Path,
        upstream: Upstream | None = None,
        *,
        max_upload_bytes: int = MAX_UPLOAD_BYTES,
    ) -> None:
        self.upstream = upstream
        self.on_published: list[Callable[[PublishedFile], None]] = []
        self._database = database
        self._store = FileStore(root)
        self._max_upload_bytes = max_upload_bytes
        for path in self._store.sweep(database.read(queries.all_contents)):
            _log.warning("removed %s: left by an upload that never ended", path)

    def projects(self) -> tuple[NormalizedName, ...]:
        """Return the names that this service owns: those with a released version here."""
        return self._database.read(partial(queries.project_names, shelf=PROJECTS))

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
        """Tell whether a file with this digest is here; given ``user``, whether he may see it."""
        return bool(self._by_digest(sha256, user))

    def file_by_hash(
        self, sha256: str, *, user: str | None = None, filename: str | None = None
    ) -> PublishedFile:
        """Return the file with this digest, and this name if given, that ``user`` may see.

        The same bytes may be on several shelves; a released file comes first. Without
        ``user`` every shelf is searched. Raises `UnknownItem`.
        """
        files = [f for f in self._by_digest(sha256, user) if filename in {None, f.filename}]
        if not files:
            raise UnknownItem(f"no file with sha256 {sha256} in this index", hint="upload it")
        return min(files, key=lambda file: file.layer)

    def path_of(self, sha256: str) -> Path:
        """Return the path of the file with this digest; it ends in the wheel's file name.

        Raises `UnknownItem`. The file is shared: never write to it.
        """
        return self._store.path_of(sha256, self.file_by_hash(sha256).filename)

    def stored_at(self, file: PublishedFile) -> Path:
        """Return the path of ``file``'s bytes."""
        return self._store.path_of(file.sha256, file.filename)

    def metadata_at(self, file: PublishedFile) -> Path:
        """Return the path of ``file``'s METADATA (PEP 658)."""
        return self._store.metadata_path_of(file.sha256, file.filename)

    def incoming(self) -> IncomingFile:
        """Open a file to write an upload into; leaving its context removes what was not kept."""
        return self._store.incoming(limit=self._max_upload_bytes)

    async def publish(self, upload: Upload) -> Publication:
        """Check ``upload`` and publish it, all or nothing; durable on return.

        Raises `InvalidUpload` for a file that breaks a rule, and `Conflict` where the name
        is taken by other bytes. The same bytes again are no error.
        """
        facts = await asyncio.to_thread(_check, upload)
        file = _describe(upload, facts)
        keep = partial(self._store.keep, upload.content, file.filename, facts.metadata)
        publication = await self._database.awrite(partial(_commit, file=file, keep=keep))
        if publication.is_new:
            self._announce(publication.file)
        return publication

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


def _check(upload: Upload) -> WheelFacts:
    content = upload.content
    content.finish()
    agree_with_form(upload.fields, sha256=content.sha256, blake2_256=content.blake2_256)
    return inspect_wheel(content.path, upload.filename, upload.fields)


def _describe(upload: Upload, facts: WheelFacts) -> PublishedFile:
    shelf = shelf_of(facts.version, upload.user)
    return PublishedFile(
        layer=shelf.layer,
        owner=shelf.owner,
        project=facts.project,
        version=facts.version,
        filename=upload.filename,
        size=upload.content.size,
        sha256=upload.content.sha256,
        metadata_sha256=facts.metadata_sha256,
        requires_python=facts.requires_python,
        uploaded_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        uploaded_by=upload.user,
        yanked=None,
    )


def _commit(
    connection: Connection, *, file: PublishedFile, keep: Callable[[], None]
) -> Publication:
    """Take the name, or see that it is taken; the bytes are in place before the commit.

    Runs in the one writer thread, so of two racing uploads the second sees the first. A
    process that dies between `keep` and the commit leaves a file without a row: swept.
    """
    there = queries.find_file(connection, file.shelf, file.filename)
    if there is None:
        keep()
        queries.add_file(connection, file)
        return Publication(file=file, is_new=True)
    if there.sha256 != file.sha256:
        raise Conflict(
            f"{file.filename} is here already with other bytes:"
            f" sha256 {there.sha256}, uploaded {file.sha256}",
            hint="a file name is immutable: give the new wheel a new version",
        )
    return Publication(file=there, is_new=False)
