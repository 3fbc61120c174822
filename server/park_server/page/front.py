"""The files of the page, in front of everything: they are the same for everybody, and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["POLICY", "STATIC", "PagesFiles"]

STATIC = Path(__file__).parent / "static"
"""ES modules, style and vendored libraries as a browser reads them; nothing builds them."""

_BELOW = "/page"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "worker-src 'self'; "
    "img-src 'self' blob:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types park-worker park-readme"
)
"""What a browser lets the page do (CSP 3, Trusted Types).

Pictures of jobs are fetched, and shown as images (``blob:``), in which nothing runs. Forms are sent
by scripts. No text becomes markup, by mistake or by trick, but a README that was sanitised.
"""


class PagesFiles:
    """ASGI middleware that answers ``GET /`` of a browser, and what is below ``/page/``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._files = StaticFiles(directory=STATIC)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file of the page, or pass the request on."""
        name = _name_of(scope)
        if name is None or not (STATIC / name).resolve().is_file():
            await self._app(scope, receive, send)
            return
        inner = {**scope, "path": f"/{name}", "root_path": ""}
        await self._files(inner, receive, _with_policy(send))


def _name_of(scope: Scope) -> str | None:
    """Return which file of the page a request asks for; None: for none of them."""
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return None
    path: str = scope["path"]
    if path == "/":
        wanted = Headers(scope=scope).get("accept", "")
        return "index.html" if "text/html" in wanted else None
    inside = path.removeprefix(f"{_BELOW}/")
    is_plain = inside != path and all(
        part and not part.startswith(".") and "\0" not in part for part in inside.split("/")
    )
    return inside if is_plain else None


def _with_policy(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            headers["Content-Security-Policy"] = POLICY
            headers["Cache-Control"] = "no-cache"  # asked again each time, and answered 304
            message = {**message, "headers": headers.raw}
        await send(message)

    return sending
