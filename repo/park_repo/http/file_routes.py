"""Files over HTTP: what is published here, and what other indexes have, brought through here."""

from __future__ import annotations

import asyncio
import hashlib
from email.utils import formatdate
from typing import TYPE_CHECKING, Protocol

from packaging.utils import canonicalize_name
from starlette.responses import Response

from park.errors import NotPermitted, UnknownItem
from park_repo.checks.filenames import METADATA_SUFFIX, PROVENANCE_SUFFIX, is_file_name
from park_repo.http.file_content import FileContent
from park_repo.negotiation import NOT_MODIFIED, precondition, require_met
from park_repo.upstream import provenance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from packaging.utils import NormalizedName
    from starlette.requests import Request

    from park_repo.index import Index


__all__ = ["Files", "RemoteRights"]


class RemoteRights(Protocol):
    """What of another index whoever makes a request may have."""

    def require(self, request: Request, project: NormalizedName, filename: str | None) -> None:
        """Raise `NotPermitted` for a project, or for one of its files."""

    def versions(self, request: Request, project: NormalizedName) -> frozenset[str] | None:
        """Return which versions of a project there are for him; None: all."""


_MEDIA_TYPE = "application/octet-stream"


class Files:
    """The contents; ``rights`` are for what of another index a user may have.

    It gets the request, the project, and the name of the file; None: the page of the project.
    """

    def __init__(
        self,
        index: Index,
        user_of: Callable[[Request], str],
        rights: RemoteRights | None = None,
    ) -> None:
        self._rights = rights
        self._index = index
        self._user_of = user_of

    async def get(self, request: Request) -> Response:
        """Send a file that the caller may see, or its METADATA."""
        user = self._user_of(request)
        sha256, requested = request.path_params["sha256"], request.path_params["filename"]
        self._require_given_out(sha256)
        filename = requested.removesuffix(METADATA_SUFFIX)
        file = self._index.file_by_hash(sha256, user=user, filename=filename)
        if requested == filename:
            return _content(request, await self._index.ready_at(file), file.sha256)
        if file.metadata_sha256 is None:
            raise UnknownItem(f"{filename} has no METADATA of its own: it is an sdist")
        path = await asyncio.to_thread(self._index.whole_metadata, file)
        return _content(request, path, file.metadata_sha256)

    async def get_remote(self, request: Request) -> Response:
        """Send a file of another index, or its METADATA; it comes here once and stays.

        Or what attests to it, as the other index has that now.
        """
        self._user_of(request)
        project = canonicalize_name(request.path_params["project"])
        sha256, requested = request.path_params["sha256"], request.path_params["filename"]
        suffix = next(filter(requested.endswith, (METADATA_SUFFIX, PROVENANCE_SUFFIX)), "")
        filename = requested.removesuffix(suffix)
        if not is_file_name(filename):
            raise UnknownItem(f"no file is named {requested[:50]!r}")
        self._require_given_out(sha256)
        if self._rights is not None:
            self._rights.require(request, project, filename)
        files = self._index.remote_files
        if suffix == PROVENANCE_SUFFIX:
            return _provenance(request, await files.provenance(project, sha256, filename))
        if suffix == METADATA_SUFFIX:
            path = await files.metadata(project, sha256, filename)
            return _content(request, path, f"{sha256}-metadata")
        # whole and verified before its first byte is sent on, however long that takes: whoever
        # gives up waiting finds it here when asking again
        return _content(request, await files.whole(project, sha256, filename), sha256)

    def _require_given_out(self, sha256: str) -> None:
        if sha256 in self._index.refused:
            raise NotPermitted(
                f"the file with sha256 {sha256} is quarantined on this service",
                hint="its operator has set it aside; another version may be fine",
            )


def _content(request: Request, path: Path, digest: str) -> Response:
    """Send a file that never changes: whoever has it need not ask again."""
    headers = _immutable(digest)
    modified = formatdate(path.stat().st_mtime, usegmt=True)
    status = precondition(request.headers, headers["ETag"], modified)
    if status == NOT_MODIFIED:
        return Response(status_code=status, headers=headers)
    require_met(status)
    return FileContent(path, media_type=_MEDIA_TYPE, headers=headers)


def _provenance(request: Request, body: bytes) -> Response:
    """Send what attests to a file: whoever has it asks by ETag whether more has come."""
    etag = f'"{hashlib.sha256(body).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    status = precondition(request.headers, etag)
    if status == NOT_MODIFIED:
        return Response(status_code=status, headers=headers)
    require_met(status)
    return Response(body, media_type=provenance.MEDIA_TYPE, headers=headers)


def _immutable(digest: str) -> dict[str, str]:
    # private: a cache between us would serve it to callers without a token
    return {"ETag": f'"{digest}"', "Cache-Control": "private, max-age=31536000, immutable"}
