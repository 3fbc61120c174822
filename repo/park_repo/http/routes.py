"""The index over HTTP: simple API, files and uploads, as Starlette routes.

Who the caller is was settled before (``user_of``). Errors are raised as `ParkError`; the
application turns them into problem documents. Links are relative, so that the routes work
under any prefix and host name; but what attests to a file has a whole URL (PEP 740), below the
one that the caller reaches the service by, and is named where that is a secure origin.

::

    GET  /simple/, /simple/<project>/              released versions, else another index's page
    GET  /trees/simple/, /trees/simple/<project>/  the caller's own working trees
    GET  /files/<sha256>/<file name>[.metadata]    contents, and METADATA (PEP 658)
    GET  /files/upstream/<project>/<sha256>/<file name>[.metadata|.provenance]
                                                   those of other indexes, brought through here
    POST /legacy/                                  upload (legacy upload API)
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, is_normalized_name
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from park.errors import NotAcceptable, UnknownItem
from park_repo.file_records import PROJECTS, trees_of
from park_repo.http.exact_route import ExactRoute
from park_repo.http.file_routes import Files
from park_repo.http.secure_origin import is_secure
from park_repo.http.upload_routes import Uploads
from park_repo.negotiation import NOT_MODIFIED, choose, precondition, require_met
from park_repo.simple import Page, project_list_document, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.utils import NormalizedName
    from starlette.requests import Request

    from park_repo.http.file_routes import RemoteRights
    from park_repo.http.upload_routes import BodyOf, PermitOf
    from park_repo.index import Index

__all__ = ["index_routes"]

_MOST_SHOWN = 60


def _as_asked(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def index_routes(
    index: Index,
    user_of: Callable[[Request], str],
    permit_of: PermitOf,
    body_of: BodyOf,
    remote_rights: RemoteRights | None = None,
    *,
    url_of: Callable[[Request], str] = _as_asked,
) -> list[BaseRoute]:
    """Return the routes of ``index``; ``user_of`` names the user who makes a request.

    ``permit_of`` says what he may publish, ``body_of`` yields what he sends (see `Uploads`).
    ``remote_rights`` say what of another index he may have, ``url_of`` by which URL, without a
    final slash, he reaches what these routes are below of.
    """
    pages = _Pages(index, user_of, remote_rights, url_of)
    files = Files(index, user_of, remote_rights)
    uploads = Uploads(index, user_of, permit_of, body_of)
    return [
        ExactRoute("/simple", _add_slash),
        ExactRoute("/simple/", pages.project_list),
        ExactRoute("/simple/{project}", _add_slash),
        ExactRoute("/simple/{project}/", pages.project),
        ExactRoute("/trees/simple", _add_slash),
        ExactRoute("/trees/simple/", pages.tree_list),
        ExactRoute("/trees/simple/{project}", _add_slash),
        ExactRoute("/trees/simple/{project}/", pages.tree),
        ExactRoute("/files/{sha256}/{filename}", files.get),
        ExactRoute("/files/upstream/{project}/{sha256}/{filename}", files.get_remote),
        ExactRoute("/legacy", uploads.post, methods=["POST"]),
        ExactRoute("/legacy/", uploads.post, methods=["POST"]),
    ]


class _Pages:
    """The pages of the simple API."""

    def __init__(
        self,
        index: Index,
        user_of: Callable[[Request], str],
        remote_rights: RemoteRights | None,
        url_of: Callable[[Request], str],
    ) -> None:
        self._remote_rights = remote_rights
        self._url_of = url_of
        self._index = index
        self._user_of = user_of

    async def project_list(self, request: Request) -> Response:
        """List the projects that the service owns."""
        self._user_of(request)
        media_type = _chosen(request)
        if self._index.external is None:
            return _answer(request, await self._index.pages.project_list(media_type))
        names = await self._index.project_names()
        document = project_list_document(names)
        return _answer(request, await asyncio.to_thread(render, document, media_type))

    async def tree_list(self, request: Request) -> Response:
        """List the projects of which the caller has working trees."""
        user, media_type = self._user_of(request), _chosen(request)

        def rendered() -> Page:
            return render(project_list_document(self._index.tree_projects(user)), media_type)

        # somebody may have thousands: others are served meanwhile
        return _answer(request, await asyncio.to_thread(rendered))

    async def project(self, request: Request) -> Response:
        """Show a project of the service; a name that it does not own, from another index."""
        self._user_of(request)
        name = _name_in(request)
        if name != request.path_params["project"]:
            return _to_normalised(name)
        media_type = _chosen(request)
        # whose name it is comes first: a name owned here is never asked upstream
        page = None
        if self._index.external is None:
            page = await self._index.pages.page(PROJECTS, name, media_type)
        return _answer(request, page or await self._remote_page(request, name, media_type))

    async def tree(self, request: Request) -> Response:
        """Show the caller's working trees of a project; never anything of upstream."""
        user = self._user_of(request)
        name = _name_in(request)
        if name != request.path_params["project"]:
            return _to_normalised(name)
        page = await self._index.pages.page(trees_of(user), name, _chosen(request))
        if page is None:
            raise UnknownItem(f"{user} has no working tree of {name} here")
        return _answer(request, page)

    async def _remote_page(self, request: Request, name: NormalizedName, media_type: str) -> Page:
        rights, only = self._remote_rights, None
        if rights is not None and not self._index.project_files(name):
            rights.require(request, name, None)
            only = rights.versions(request, name)
        project = await self._index.remote_project(name)
        if project is None:
            upstream = self._index.upstream
            where = "there is no upstream" if upstream is None else f"not at {upstream.url}"
            raise UnknownItem(f"no project {name} here, and {where}")
        url = f"{self._url_of(request)}/"
        service_url = url if is_secure(url) else None
        return await project.forms.page(media_type, self._index.refused, only, service_url)


def _chosen(request: Request) -> str:
    accept = request.headers.get("accept")
    media_type = choose(accept)
    if media_type is None:
        raise NotAcceptable(
            f"nothing here fits Accept: {accept}",
            hint="the simple API comes as JSON (PEP 691) and as HTML (PEP 503)",
        )
    return media_type


def _answer(request: Request, page: Page) -> Response:
    """Send ``page``, or 304 where the client has it; raises `PreconditionFailed`."""
    page = page.coded(request.headers.get("accept-encoding"))
    status = precondition(request.headers, page.etag)
    is_current = status == NOT_MODIFIED
    if not is_current:
        require_met(status)
    start = page.unchanged if is_current else page.start
    response = Response(b"" if is_current else page.body, status_code=start["status"])
    response.raw_headers = list(start["headers"])
    return response


def _name_in(request: Request) -> NormalizedName:
    """Return the name of the project that is asked for; raises `UnknownItem` for what is none.

    It goes into where a redirect leads, and ``https:elsewhere`` is relative to nothing.
    """
    name = canonicalize_name(request.path_params["project"])
    if not is_normalized_name(name):
        raise UnknownItem(
            f"no project is named {request.path_params['project'][:_MOST_SHOWN]!r}",
            hint="a name has letters, digits and -_. between them",
        )
    return name


def _add_slash(request: Request) -> Response:
    """Redirect to the same page with a trailing slash and the name normalised (PEP 503)."""
    last = request.url.path.rpartition("/")[2]
    name = _name_in(request) if request.path_params else last
    return RedirectResponse(f"{name}/", status_code=301)


def _to_normalised(name: NormalizedName) -> Response:
    return RedirectResponse(f"../{name}/", status_code=301)
