"""Files over HTTP: what is published here, and what other indexes have, brought through here."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from starlette.responses import Response, StreamingResponse

from park.errors import CannotSatisfy, UnknownItem, UpstreamFault
from park_repo.http.file_content import FileContent
from park_repo.negotiation import matches_etag

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from packaging.utils import NormalizedName
    from starlette.requests import Request
    from starlette.types import Send

    from park_repo.index import Index

__all__ = ["Files"]

_log = logging.getLogger(__name__)

_METADATA = ".metadata"
_LONGEST_NAME_BYTES = 255 - len(_METADATA)
"""NAME_MAX of Linux's file systems, with room for what stands beside a file."""

_MEDIA_TYPE = "application/octet-stream"


class Files:
    """The contents."""

    def __init__(self, index: Index, user_of: Callable[[Request], str]) -> None:
        self._index = index
        self._user_of = user_of

    async def get(self, request: Request) -> Response:
        """Send a file that the caller may see, or its METADATA."""
        user = self._user_of(request)
        sha256, requested = request.path_params["sha256"], request.path_params["filename"]
        filename = requested.removesuffix(_METADATA)
        file = self._index.file_by_hash(sha256, user=user, filename=filename)
        if requested == filename:
            return _content(request, await self._index.ready_at(file), file.sha256)
        if file.metadata_sha256 is None:
            raise UnknownItem(f"{filename} has no METADATA of its own: it is an sdist")
        path = await asyncio.to_thread(self._index.whole_metadata, file)
        return _content(request, path, file.metadata_sha256)

    async def get_remote(self, request: Request) -> Response:
        """Send a file of another index, or its METADATA; it comes here once and stays."""
        self._user_of(request)
        project = canonicalize_name(request.path_params["project"])
        sha256, requested = request.path_params["sha256"], request.path_params["filename"]
        if "\0" in requested or len(requested.encode(errors="replace")) > _LONGEST_NAME_BYTES:
            raise UnknownItem(f"no file is named {requested[:50]!r}")
        filename = requested.removesuffix(_METADATA)
        files = self._index.remote_files
        if requested != filename:
            path = await files.metadata(project, sha256, filename)
            return _content(request, path, f"{sha256}-metadata")
        kept = await files.kept(sha256, filename)
        if kept is not None:
            return _content(request, kept, sha256)
        if request.method == "HEAD" or "range" in request.headers:
            return _content(request, await files.whole(project, sha256, filename), sha256)
        return await self._while_it_comes(project, sha256, filename)

    async def _while_it_comes(
        self, project: NormalizedName, sha256: str, filename: str
    ) -> Response:
        """Send a file while it arrives: a large one takes longer than a client waits."""
        transfer = await self._index.remote_files.transfer(project, sha256, filename)
        chunks = transfer.chunks()
        # the first chunk is awaited here, so that what fails at once is a problem document
        first = await anext(chunks, b"")
        return _Arriving(
            _chained(first, chunks), media_type=_MEDIA_TYPE, headers=_immutable(sha256)
        )


class _Arriving(StreamingResponse):
    """A file that is sent while it comes: where it turns out wrong, the connection is cut.

    Then nobody takes what he has for the whole; the cause is a line of the log, since it is
    the other index's and no defect of ours.
    """

    async def stream_response(self, send: Send) -> None:
        """Send what comes, up to the fault if there is one."""
        try:
            await super().stream_response(send)
        except (CannotSatisfy, UpstreamFault) as fault:
            _log.error("%s", fault)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _content(request: Request, path: Path, digest: str) -> Response:
    """Send a file that never changes: whoever has it need not ask again."""
    headers = _immutable(digest)
    if matches_etag(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return FileContent(path, media_type=_MEDIA_TYPE, headers=headers)


def _immutable(digest: str) -> dict[str, str]:
    # private: a cache between us would serve it to callers without a token
    return {"ETag": f'"{digest}"', "Cache-Control": "private, max-age=31536000, immutable"}
