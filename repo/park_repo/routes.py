"""The index over HTTP: simple API, files and uploads, as Starlette routes.

Who the caller is was settled before (``user_of``). Errors are raised as `ParkError`; the
application turns them into problem documents. Links are relative, so that the routes work
under any prefix and host name.

::

    GET  /simple/, /simple/<project>/              released versions, else upstream's page
    GET  /trees/simple/, /trees/simple/<project>/  the caller's own working trees
    GET  /files/<sha256>/<file name>[.metadata]    contents, and METADATA (PEP 658)
    POST /legacy/                                  upload (legacy upload API)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from park.errors import InvalidUpload, NotAcceptable, UnknownItem
from park_repo.index import Upload
from park_repo.negotiation import choose, matches_etag
from park_repo.simple import Document, project_document, project_list_document, render
from park_repo.upload_form import read_upload_form

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName
    from starlette.requests import Request

    from park_repo.index import Index

__all__ = ["index_routes"]

_METADATA = ".metadata"


def index_routes(index: Index, user_of: Callable[[Request], str]) -> list[BaseRoute]:
    """Return the routes of ``index``; ``user_of`` names the user who makes a request."""
    pages = _Pages(index, user_of)
    return [
        Route("/simple", _add_slash),
        Route("/simple/", pages.project_list),
        Route("/simple/{project}", _add_slash),
        Route("/simple/{project}/", pages.project),
        Route("/trees/simple", _add_slash),
        Route("/trees/simple/", pages.tree_list),
        Route("/trees/simple/{project}", _add_slash),
        Route("/trees/simple/{project}/", pages.tree),
        Route("/files/{sha256}/{filename}", _Files(index, user_of).get),
        Route("/legacy", _Uploads(index, user_of).post, methods=["POST"]),
        Route("/legacy/", _Uploads(index, user_of).post, methods=["POST"]),
    ]


class _Pages:
    """The pages of the simple API."""

    def __init__(self, index: Index, user_of: Callable[[Request], str]) -> None:
        self._index = index
        self._user_of = user_of

    async def project_list(self, request: Request) -> Response:
        """List the projects that the service owns."""
        self._user_of(request)
        return _answer(request, project_list_document(self._index.projects()))

    async def tree_list(self, request: Request) -> Response:
        """List the projects of which the caller has working trees."""
        user = self._user_of(request)
        return _answer(request, project_list_document(self._index.tree_projects(user)))

    async def project(self, request: Request) -> Response:
        """Show a project of the service; a name that it does not own, from upstream."""
        self._user_of(request)
        name = canonicalize_name(request.path_params["project"])
        if name != request.path_params["project"]:
            return _to_normalised(name)
        # whose name it is comes first: a name owned here is never asked upstream
        files = self._index.project_files(name)
        if files:
            return _answer(request, project_document(name, files, files_url="../../files/"))
        return _answer(request, await self._from_upstream(name))

    async def tree(self, request: Request) -> Response:
        """Show the caller's working trees of a project; never anything of upstream."""
        user = self._user_of(request)
        name = canonicalize_name(request.path_params["project"])
        if name != request.path_params["project"]:
            return _to_normalised(name)
        files = self._index.tree_files(name, user)
        if not files:
            raise UnknownItem(f"{user} has no working tree of {name} here")
        return _answer(request, project_document(name, files, files_url="../../../files/"))

    async def _from_upstream(self, name: NormalizedName) -> Document:
        upstream = self._index.upstream
        document = None if upstream is None else await upstream.project(name)
        if document is None:
            where = "and there is no upstream" if upstream is None else f"nor at {upstream.url}"
            raise UnknownItem(f"no project {name} here, {where}")
        return document


class _Files:
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
            return _content(request, self._index.stored_at(file), file.sha256)
        return _content(request, self._index.metadata_at(file), file.metadata_sha256)


class _Uploads:
    """The legacy upload API."""

    def __init__(self, index: Index, user_of: Callable[[Request], str]) -> None:
        self._index = index
        self._user_of = user_of

    async def post(self, request: Request) -> Response:
        """Publish the file of a form; 200 on return means durable."""
        user = self._user_of(request)
        with self._index.incoming() as content:
            form = await read_upload_form(
                request.stream(), content_type=request.headers.get("content-type"), into=content
            )
            _require_file_upload(form.fields)
            upload = Upload(content=content, filename=form.filename, user=user, fields=form.fields)
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


def _require_file_upload(fields: Mapping[str, str]) -> None:
    action, protocol = fields.get(":action"), fields.get("protocol_version", "1")
    if action != "file_upload":
        raise InvalidUpload(f":action is {action!r}; expected 'file_upload'")
    if protocol != "1":
        raise InvalidUpload(f"protocol_version is {protocol!r}; expected '1'")


def _answer(request: Request, document: Document) -> Response:
    """Send ``document`` as the request accepts it, or 304 where the client has it."""
    accept = request.headers.get("accept")
    media_type = choose(accept)
    if media_type is None:
        raise NotAcceptable(
            f"nothing here fits Accept: {accept}",
            hint="the simple API comes as JSON (PEP 691) and as HTML (PEP 503)",
        )
    page = render(document, media_type)
    # no-cache means: ask every time, by ETag. With a max-age, uv misses what was just uploaded
    headers = {"Vary": "Accept", "ETag": page.etag, "Cache-Control": "no-cache"}
    if matches_etag(request.headers.get("if-none-match"), page.etag):
        return Response(status_code=304, headers=headers)
    return Response(page.body, media_type=page.media_type, headers=headers)


def _content(request: Request, path: Path, sha256: str) -> Response:
    """Send a file that never changes: whoever has it need not ask again."""
    etag = f'"{sha256}"'
    # private: a cache between us would serve it to callers without a token
    headers = {"ETag": etag, "Cache-Control": "private, max-age=31536000, immutable"}
    if matches_etag(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


def _add_slash(request: Request) -> Response:
    """Redirect to the same page with a trailing slash and the name normalised (PEP 503)."""
    last = request.url.path.rpartition("/")[2]
    name = canonicalize_name(request.path_params["project"]) if request.path_params else last
    return RedirectResponse(f"{name}/", status_code=301)


def _to_normalised(name: NormalizedName) -> Response:
    return RedirectResponse(f"../{name}/", status_code=301)
