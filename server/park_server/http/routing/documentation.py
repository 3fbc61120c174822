"""The OpenAPI document of a service, made when it is first asked for."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence

from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from park import __version__
from park_server.http.routing.late_route import LateRoute

__all__ = ["Documentation"]


class Documentation:
    """Answers with the document of ``routes``: all are made for it, which takes a second."""

    def __init__(self, routes: Sequence[LateRoute]) -> None:
        self._routes = routes
        self._written = b""
        self._writing = threading.Lock()

    async def answer(self, _request: Request) -> Response:
        """Answer with it; the event loop is free while it is made."""
        document = self._written or await asyncio.to_thread(self._document)
        return Response(document, media_type="application/json")

    def _document(self) -> bytes:
        with self._writing:
            if not self._written:
                made = [route.made() for route in self._routes]
                document = get_openapi(title="park", version=__version__, routes=made)
                self._written = json.dumps(document, separators=(",", ":")).encode("ascii")
            return self._written
