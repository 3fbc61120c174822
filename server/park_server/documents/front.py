"""The documentation under ``/docs``, in front of everything: it is the same for everybody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["POLICY", "SITE", "DocumentsFiles"]

SITE = Path(__file__).parent / "site"
"""What `scripts/docs --site` makes; a wheel has it, a checkout only after that."""

_AT = "/docs"
_FIRST = f"{_AT}/docs/index.html"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""What a browser lets its pages do: their own scripts, for the search, and nothing else."""


class DocumentsFiles:
    """ASGI middleware that answers what is below ``/docs``."""

    def __init__(self, app: ASGIApp, site: Path = SITE) -> None:
        self._app = app
        self._site = site
        self._files = StaticFiles(directory=site, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a page of the documentation, or pass the request on."""
        path = scope.get("path", "")
        is_asked = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
        if not is_asked or not (path == _AT or path.startswith(f"{_AT}/")):
            await self._app(scope, receive, send)
            return
        answer = self._instead(path, str(scope.get("root_path", "")))
        if answer is not None:
            await answer(scope, receive, send)
            return
        inner = {**scope, "path": path.removeprefix(_AT), "root_path": ""}
        await self._files(inner, receive, _with_policy(send))

    def _instead(self, path: str, root: str) -> Response | None:
        """Return what is answered in place of a file; None where there is one."""
        if not self._site.is_dir():
            return PlainTextResponse(_NOT_HERE, status_code=404)
        if path.rstrip("/") == _AT:
            return RedirectResponse(f"{root}{_FIRST}", status_code=307)
        inside = path.removeprefix(f"{_AT}/")
        is_plain = all(p and not p.startswith(".") and "\0" not in p for p in inside.split("/"))
        if is_plain and (self._site / inside).is_file():
            return None
        return PlainTextResponse(f"no such page: {_FIRST} has all of them\n", status_code=404)


_NOT_HERE = (
    "the documentation is not in this installation of park, which was made from a checkout: "
    "scripts/docs --site builds it there, before park is installed\n"
)


def _with_policy(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            headers["Content-Security-Policy"] = POLICY
            headers["X-Content-Type-Options"] = "nosniff"
            message = {**message, "headers": headers.raw}
        await send(message)

    return sending
