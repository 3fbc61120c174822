"""Routes of what strangers packed, as people read it: a project's README, and sources compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version
from starlette.requests import Request

from park.errors import UnknownItem
from park.model.lock_hash import LockHash
from park_repo.file_records import PublishedFile
from park_repo.index import Index
from park_server.envs import environment_rows
from park_server.envs.pylock import load
from park_server.http.auth import user_of
from park_server.http.environment_routes import named
from park_server.http.parts import ServiceParts, parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.page.seen_records import FileDifference, ProjectAbout, SourceDifference
from park_server.page.texts.reader import TextReader

__all__ = ["router"]

router = DeclaredRoutes()


@router.get("/index/projects/{name}/about")
async def show_about(request: Request, name: str, version: str | None = None) -> ProjectAbout:
    """Return what a version of a project says about itself, its README rendered and sanitised.

    Without ``version``, the newest that was not yanked.
    """
    parts, user = parts_of(request), user_of(request)
    project = canonicalize_name(name)
    wheel = await asyncio.to_thread(_chosen, parts.index, user, project, version)
    path = await asyncio.to_thread(wheel.metadata)
    said = await _reader_of(request).read(wheel.digest, {"about": str(path)})
    return ProjectAbout(name=project, version=wheel.version, filename=wheel.filename, **said)


@router.get("/environments/{prefix}/differences/{other}/{project}")
async def show_difference(
    request: Request, prefix: str, other: str, project: str
) -> SourceDifference:
    """Return what differs between the sources of a project in one environment and in another.

    404 where the service does not hold both wheels: what comes from elsewhere it hands on.
    """
    parts, user, name = parts_of(request), user_of(request), canonicalize_name(project)
    locks = [named(parts, user, each).lock_hash for each in (prefix, other)]
    old, new = [await asyncio.to_thread(_wheel_in, parts, each, name) for each in locks]
    key = (old.sha256, new.sha256)
    paths = {"old": await parts.index.ready_at(old), "new": await parts.index.ready_at(new)}
    question = {which: str(path) for which, path in paths.items()}
    said = await _reader_of(request).read(key, question)
    files = [FileDifference(**each) for each in said["files"]]
    return SourceDifference(
        project=name, old=old.version, new=new.version, files=files, left_out=said["left_out"]
    )


def _reader_of(request: Request) -> TextReader:
    """Return the reader of this service, made at first use."""
    state = request.app.state
    if not hasattr(state, "page_texts"):
        state.page_texts = TextReader()
    return cast("TextReader", state.page_texts)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wheel:
    """A wheel of a project, and how to come to the file that has its METADATA, or is it.

    ``digest`` names what is read for ever; ``since`` is when it came.
    """

    version: str
    filename: str
    is_yanked: bool
    since: str
    digest: str
    metadata: Callable[[], Path]


def _wheels(index: Index, user: str, project: NormalizedName) -> Iterator[_Wheel]:
    for file in (*index.project_files(project), *index.tree_files(project, user)):
        if file.metadata_sha256:
            yield _Wheel(
                version=file.version,
                filename=file.filename,
                is_yanked=file.yanked is not None,
                since=file.uploaded_at,
                digest=file.metadata_sha256,
                metadata=partial(index.whole_metadata, file),
            )
    folder = None if index.external is None else index.external.files
    for laid in () if folder is None else folder.offered(project):
        if laid.path.suffix == ".whl":
            yield _Wheel(
                version=laid.version,
                filename=laid.path.name,
                is_yanked=False,
                since=laid.changed,
                digest=laid.sha256,
                metadata=partial(Path, laid.path),
            )


def _chosen(index: Index, user: str, project: NormalizedName, version: str | None) -> _Wheel:
    """Return the wheel whose METADATA are shown: of the asked version, or of the newest."""
    found = _wheels(index, user, project)
    wheels = [each for each in found if version in {None, each.version}]
    if not wheels:
        of = f"{project} {version}" if version else f"project {project}"
        raise UnknownItem(f"no wheel of {of} in the index of this service")
    return max(wheels, key=_newest_first)


def _newest_first(file: _Wheel) -> tuple[bool, bool, Version, str]:
    try:
        version = Version(file.version)
    except InvalidVersion:  # of before versions were checked
        version = Version("0")
    is_release = version.local is None
    return (
        not file.is_yanked,
        is_release,
        version if is_release else Version("0"),
        file.since,
    )


def _wheel_in(parts: ServiceParts, lock_hash: str, project: NormalizedName) -> PublishedFile:
    """Return the file of ``project`` that a lock names; whoever sees the lock may read it."""
    lock = parts.database.read(lambda c: environment_rows.lock(c, LockHash(lock_hash)))
    for package in load(lock.document.encode()).packages:
        if package.name == project:
            for wheel in package.wheels or ():
                return parts.index.file_by_hash(wheel.hashes["sha256"])
    raise UnknownItem(f"no {project} in the environment {lock_hash[:12]}…")
