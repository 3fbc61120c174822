"""Routes that show and change what the index holds; its pages and files have their own.

Whoever may use the service sees the released projects and their own working trees, and may
remove their own trees. The operator alone claims names and yanks, marks and removes what is
released: that is everybody's.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Query
from packaging.utils import InvalidName, NormalizedName, canonicalize_name, is_normalized_name
from packaging.version import Version
from starlette.requests import Request

from park.errors import CannotSatisfy, ParkError, UnknownItem, UsageError
from park.model.pins import is_tree_version
from park.wire import IndexFileRecord, IndexProjectRecord, ShareRecord
from park.wire.newest import folded
from park_repo.checks.filenames import parse_distribution_name
from park_repo.file_records import (
    Layer,
    OwnedProject,
    ProjectStatus,
    ProjectTotal,
    PublishedFile,
)
from park_repo.index import Index
from park_repo.upstream.folder_files import FolderFile
from park_repo.upstream.remote_pages import sha256_of
from park_repo.upstream.upstream import RemoteProject
from park_server.http.auth import actor_of, require_role, user_of
from park_server.http.parts import MOST, parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.trust.rights import Role

__all__ = ["router"]

router = DeclaredRoutes(prefix="/index/projects")

_MOST_SHOWN = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class YankRequest:
    """Why a version is yanked; may be empty."""

    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusRequest:
    """A status of PEP 792, and why."""

    status: str
    reason: str | None = None


@router.get("")
async def list_projects(request: Request) -> list[IndexProjectRecord]:
    """Return each project that the service owns or the user has trees of, by name.

    Those too of which wheels lie in the folder that is the index of the service, where it has one.
    What an index elsewhere keeps for it is not listed, which may have all of PyPI as well: it is
    asked for one project.
    """
    # thousands of projects take half a second: others are served meanwhile
    return await asyncio.to_thread(_listed, parts_of(request).index, user_of(request))


def _listed(index: Index, user: str) -> list[IndexProjectRecord]:
    owned = {project.name: project for project in index.owned_projects()}
    totals: dict[NormalizedName, list[ProjectTotal]] = {name: [] for name in owned}
    for total in index.totals(user):
        totals.setdefault(total.project, []).append(total)
    laid: defaultdict[NormalizedName, list[FolderFile]] = defaultdict(list)
    for file in _in_folder(index):
        laid[file.project].append(file)
    return [
        _project(name, owned.get(name), totals.get(name, ()), index, laid.get(name, ()))
        for name in sorted(totals.keys() | laid.keys())
    ]


@router.get("/{name}")
async def show_project(
    request: Request, name: str, newest: Annotated[int | None, Query(ge=1, le=MOST)] = None
) -> IndexProjectRecord:
    """Return one project with its files, oldest first.

    With ``newest``, those of the versions that were published last, so many released ones and
    so many working trees.
    """
    return await get_project(request, name, newest)


async def get_project(request: Request, name: str, newest: int | None = None) -> IndexProjectRecord:
    """Return one project with its files, oldest first, or those of its ``newest`` versions."""
    index, user, project = parts_of(request).index, user_of(request), canonicalize_name(name)
    kept = await _kept_elsewhere(index, project)
    # thousands of files take a while: others are served meanwhile
    return await asyncio.to_thread(_shown, index, user, project, newest, kept)


async def _kept_elsewhere(index: Index, project: NormalizedName) -> list[IndexFileRecord]:
    """Return the files of a project that another index keeps for the service, where one does."""
    external = index.external
    if external is None or external.files is not None or not is_normalized_name(project):
        return []
    found = await external.remote.project(project)
    files = () if found is None else _kept_files(found)
    return sorted(files, key=lambda file: Version(file.version))


def _kept_files(project: RemoteProject) -> Iterator[IndexFileRecord]:
    for file in project.document["files"]:
        with suppress(ParkError):  # of a name that says nothing: no installer takes it either
            yield IndexFileRecord(
                filename=file["filename"],
                version=str(parse_distribution_name(file["filename"]).version),
                layer=Layer.PROJECTS,
                size=file.get("size") or 0,
                sha256=sha256_of(file) or "",
                uploaded=file.get("upload-time") or "",
                uploaded_by="",
                yanked=_reason(file.get("yanked")),
                kept_by=project.source.url,
            )


def _reason(yanked: object) -> str | None:
    """Return the reason of PEP 592 that a page gives: a text, or whether it is yanked at all."""
    return yanked if isinstance(yanked, str) else "" if yanked else None


def _shown(
    index: Index,
    user: str,
    project: NormalizedName,
    newest: int | None,
    kept: Sequence[IndexFileRecord],
) -> IndexProjectRecord:
    laid = sorted(_in_folder(index, project), key=lambda each: each.changed)
    files = [
        *kept,
        *map(_laid_file, laid),
        *map(_file, [*index.project_files(project), *index.tree_files(project, user)]),
    ]
    owned = index.owned(project)
    if owned is None and not files:
        raise UnknownItem(f"no project {project} in the index of this service")
    totals = [total for total in index.totals(user) if total.project == project]
    whole = _project(project, owned, totals, index, laid)
    newest_ones = _newest_versions(files, newest)
    shown = [file for file in files if file.version in newest_ones]
    return replace(
        whole,
        versions=whole.versions + len({file.version for file in kept}),
        size=whole.size + sum(file.size for file in kept),
        files=shown,
        older=len(files) - len(shown),
        kept_by=kept[0].kept_by if kept else None,
    )


def _in_folder(index: Index, project: NormalizedName | None = None) -> Iterator[FolderFile]:
    """Return the files of the folder that is the index, where it is one."""
    files = None if index.external is None else index.external.files
    return iter(()) if files is None else files.offered(project)


@router.get("/{name}/shares")
async def list_shares(request: Request, name: str) -> list[ShareRecord]:
    """Return with whom one shares one's working trees of a project."""
    sharing = parts_of(request).trust.sharing
    return sharing.listing(user_of(request), canonicalize_name(name))


@router.put("/{name}/shares/{whom}")
async def share(request: Request, name: str, whom: str) -> list[ShareRecord]:
    """Share one's working trees of a project, and what runs in them, with a user or a group."""
    sharing, project = parts_of(request).trust.sharing, _named(name)
    await sharing.share(user_of(request), project, whom, actor_of(request))
    return sharing.listing(user_of(request), project)


@router.delete("/{name}/shares/{whom}")
async def unshare(request: Request, name: str, whom: str) -> list[ShareRecord]:
    """Share with a user or a group no more; what runs goes on."""
    sharing, project = parts_of(request).trust.sharing, canonicalize_name(name)
    await sharing.unshare(user_of(request), project, whom, actor_of(request))
    return sharing.listing(user_of(request), project)


@router.put("/{name}/claim")
async def claim(request: Request, name: str) -> IndexProjectRecord:
    """Make the service the owner of a name, also of one that upstream has."""
    index, user = _for_operator(request)
    await index.curator.claim(_named(name), user)
    return await get_project(request, name)


@router.delete("/{name}/claim")
async def unclaim(request: Request, name: str) -> dict[str, bool]:
    """Give a name without files back to upstream."""
    index, _user = _for_operator(request)
    await index.curator.unclaim(canonicalize_name(name))
    return {"owned": False}


@router.put("/{name}/status")
async def mark(request: Request, name: str, body: StatusRequest) -> IndexProjectRecord:
    """Give a project a status (PEP 792)."""
    index, _user = _for_operator(request)
    await index.curator.mark(canonicalize_name(name), _status(body.status), body.reason)
    return await get_project(request, name)


@router.put("/{name}/versions/{version}/yank")
async def yank(request: Request, name: str, version: str, body: YankRequest) -> IndexProjectRecord:
    """Yank a released version (PEP 592)."""
    return await _yank(request, name, version, body.reason)


@router.delete("/{name}/versions/{version}/yank")
async def unyank(request: Request, name: str, version: str) -> IndexProjectRecord:
    """Undo a yank."""
    return await _yank(request, name, version, None)


@router.delete("/{name}/versions/{version}")
async def remove(request: Request, name: str, version: str) -> list[IndexFileRecord]:
    """Remove a version for good; return its files as they were."""
    if is_tree_version(version):
        index, user = parts_of(request).index, user_of(request)
    else:
        index, user = _for_operator(request)
        _require_embedded(index)
    gone = await index.curator.remove(canonicalize_name(name), version, user)
    return [_file(file) for file in gone]


def _named(name: str) -> NormalizedName:
    """Return the name of a project that need not be there; raises `UsageError` for no name."""
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName:
        raise UsageError(
            f"{name[:_MOST_SHOWN]!r} is no name of a project",
            hint="letters and digits, and between them '-', '_' and '.'",
        ) from None


async def _yank(
    request: Request, name: str, version: str, reason: str | None
) -> IndexProjectRecord:
    index, _user = _for_operator(request)
    _require_embedded(index)
    await index.curator.yank(canonicalize_name(name), version, reason)
    return await get_project(request, name)


def _for_operator(request: Request) -> tuple[Index, str]:
    """Return the index and who operates it and asks; raises `NotPermitted` for others."""
    parts = parts_of(request)
    hint = f"ask {parts.about.user}; your own working trees you may remove yourself"
    return parts.index, require_role(request, Role.OPERATE, hint)


def _require_embedded(index: Index) -> None:
    external = index.external
    if external is not None and external.files is not None:
        raise CannotSatisfy(
            f"the released projects of this service are the files of {external.files.folder}",
            hint="remove the files there; one that is to stay for exact pins alone needs an index"
            " that knows yanks",
        )
    if external is not None:
        raise CannotSatisfy(
            f"the released projects of this service are kept by {external.remote.url}",
            hint="yank or remove them there",
        )


def _status(text: str) -> ProjectStatus:
    try:
        return ProjectStatus(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no status; expected one of {', '.join(ProjectStatus)}"
        ) from None


def _project(
    name: NormalizedName,
    owned: OwnedProject | None,
    totals: Iterable[ProjectTotal],
    index: Index,
    laid: Sequence[FolderFile],
) -> IndexProjectRecord:
    """Return a project without its files; ``laid`` are those of it in the folder of ``index``."""
    by_layer = {total.layer: total for total in totals}
    folder = None if index.external is None else index.external.files
    released, trees = by_layer.get(Layer.PROJECTS), by_layer.get(Layer.TREES)
    return IndexProjectRecord(
        name=name,
        owned=owned is not None,
        claimed=owned is not None and owned.is_claimed,
        status=ProjectStatus.ACTIVE if owned is None else owned.status,
        reason=None if owned is None else owned.reason,
        versions=(0 if released is None else released.versions)
        + len({each.version for each in laid}),
        trees=0 if trees is None else trees.versions,
        size=sum(total.size for total in by_layer.values()) + sum(each.size for each in laid),
        folder=str(folder.folder) if laid and folder is not None else None,
    )


def _newest_versions(files: Sequence[IndexFileRecord], newest: int | None) -> set[str]:
    """Return the versions that were published last: ``newest`` releases, and trees."""
    versions = dict.fromkeys((file.layer, file.version) for file in reversed(files))
    return {version for (_, version), _ in folded(versions, lambda each: each[0], newest)}


def _file(file: PublishedFile) -> IndexFileRecord:
    return IndexFileRecord(
        filename=file.filename,
        version=file.version,
        layer=file.layer,
        size=file.size,
        sha256=file.sha256,
        uploaded=file.uploaded_at,
        uploaded_by=file.uploaded_by,
        yanked=file.yanked,
    )


def _laid_file(file: FolderFile) -> IndexFileRecord:
    return IndexFileRecord(
        filename=file.path.name,
        version=file.version,
        layer=Layer.PROJECTS,
        size=file.size,
        sha256=file.sha256,
        uploaded=file.changed,
        uploaded_by="",
        yanked=None,
        folder=str(file.path.parent),
    )
