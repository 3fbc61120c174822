"""Uploads over HTTP: the legacy upload API, as twine, uv, hatch, flit and poetry speak it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from park.errors import InvalidUpload, TooLarge
from park_repo.http.upload_form import MAX_FIELDS_BYTES, read_upload_form
from park_repo.index import Upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from packaging.utils import NormalizedName
    from starlette.requests import Request

    from park_repo.index import Index

    PermitOf = Callable[[Request], Callable[[NormalizedName, str], None]]
    BodyOf = Callable[[Request], AsyncIterator[bytes]]

__all__ = ["Uploads"]


class Uploads:
    """The legacy upload API.

    ``permit_of`` returns what raises for a project and version that whoever makes a request may
    not publish. ``body_of`` yields the body of a request, and may raise where it is more than its
    user may send.
    """

    def __init__(
        self,
        index: Index,
        user_of: Callable[[Request], str],
        permit_of: PermitOf,
        body_of: BodyOf,
    ) -> None:
        self._index = index
        self._user_of = user_of
        self._body_of = body_of
        self._permit_of = permit_of

    async def post(self, request: Request) -> Response:
        """Publish the file of a form; 200 on return means durable."""
        try:
            return await self._publish(request)
        except ClientDisconnect:
            # no fault of the service, and nothing remains; nobody reads this answer
            return Response(status_code=400)

    async def _publish(self, request: Request) -> Response:
        user = self._user_of(request)
        _require_size(request.headers.get("content-length"), self._index.max_upload_bytes)
        with self._index.incoming() as content:
            form = await read_upload_form(
                self._body_of(request),
                content_type=request.headers.get("content-type"),
                into=content,
            )
            _require_file_upload(form.fields)
            upload = Upload(
                content=content,
                filename=form.filename,
                user=user,
                fields=form.fields,
                permit=self._permit_of(request),
            )
            publication = await self._index.publish(upload)
        file = publication.file
        return JSONResponse(
            {
                "filename": file.filename,
                "sha256": file.sha256,
                "layer": file.layer,
                "new": publication.is_new,
            }
        )


def _require_size(content_length: str | None, limit: int) -> None:
    """Refuse a body that must be too large by what it says of itself, before it is read."""
    if content_length is None or not content_length.isdecimal():
        return
    if int(content_length) > limit + MAX_FIELDS_BYTES:
        raise TooLarge(
            f"a request of {int(content_length):,} bytes; the limit of one file is {limit:,}",
            hint="ask the operator of the service for a higher limit",
        )


def _require_file_upload(fields: Mapping[str, str]) -> None:
    action, protocol = fields.get(":action"), fields.get("protocol_version", "1")
    if action != "file_upload":
        raise InvalidUpload(f":action is {action!r}; expected 'file_upload'")
    if protocol != "1":
        raise InvalidUpload(f"protocol_version is {protocol!r}; expected '1'")
