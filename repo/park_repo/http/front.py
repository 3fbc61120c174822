"""The path of a project page that is in memory: plain ASGI in front of the application.

Installers ask for project pages more than for all else, and most pages have not changed. A
page that is ready is answered here, without a router or a request object between; whatever
is not (an unbuilt page, another name, another method) goes on to the application, which
answers it in full and leaves the page ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from park_repo.file_records import PROJECTS
from park_repo.negotiation import choose, matches_etag

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from park_repo.index import Index
    from park_repo.simple import Page

__all__ = ["PageFront"]

_PREFIX = "/simple/"
_READ = {b"accept", b"accept-encoding", b"if-none-match", b"if-match"}


class PageFront:
    """ASGI middleware that answers what is ready. Put it behind the authentication."""

    def __init__(self, app: ASGIApp, index: Index) -> None:
        self._app = app
        self._index = index

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a page that is ready, or pass the request on."""
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIX):
            await self._app(scope, receive, send)
            return
        headers = _headers_of(scope)
        page = None if b"if-match" in headers else self._ready(scope, headers.get(b"accept"))
        if page is None:
            await self._app(scope, receive, send)
            return
        page = page.coded(headers.get(b"accept-encoding"))
        if_none_match = headers.get(b"if-none-match")
        is_current = if_none_match is not None and matches_etag(if_none_match, page.etag)
        await send(page.unchanged if is_current else page.start)
        await send({"type": "http.response.body", "body": b"" if is_current else page.body})

    def _ready(self, scope: Scope, accept: str | None) -> Page | None:
        """Return the page that the request asks for, where it can be answered here."""
        media_type = choose(accept)
        is_page = scope["method"] == "GET" and scope["path"].endswith("/")
        if media_type is None or not is_page or self._index.external is not None:
            return None
        # only normalised names are keys, so any other spelling goes on, and is redirected
        return self._index.pages.ready(PROJECTS, scope["path"][len(_PREFIX) : -1], media_type)


def _headers_of(scope: Scope) -> dict[bytes, str]:
    """Return the headers of ``_READ``; one that comes in several lines is joined."""
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in _READ:
            text = value.decode("latin-1")
            found[name] = f"{found[name]},{text}" if name in found else text
    return found
