"""Paths that name files are taken byte by byte: what is no UTF-8 in them is kept.

Servers decode a path as UTF-8, and put the sign U+FFFD in the place of each byte that is none,
so that no such file could be asked for. Done before all else, so that what a token opens is
compared with the very path that is answered.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from park.model.file_names import from_url
from park.wire import API

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["ExactPaths"]

_NAMES_A_FILE = re.compile(rf"{API}/(areas/(files|folders)|jobs/[A-Za-z0-9_-]+/files)/")
_LOST = "\ufffd"


class ExactPaths:
    """Puts the path as it was sent before ``app``, where it names a file."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and _LOST in scope["path"]:
            raw = (scope.get("raw_path") or b"").partition(b"?")[0]
            path = from_url(raw.decode("ascii", "surrogateescape"))
            if _NAMES_A_FILE.match(path):
                scope = {**scope, "path": path}
        await self._app(scope, receive, send)
