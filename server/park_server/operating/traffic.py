"""What is asked of a service, counted: plain ASGI around all else, some microseconds a request."""

from __future__ import annotations

from collections import Counter
from time import perf_counter
from typing import TYPE_CHECKING

from park.wire import API
from park_repo.histogram import Histogram

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Traffic", "index_kind", "part_of"]

_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Those that Prometheus's own clients have, from what the shortest request of a job takes on."""

_STREAM = f"{API}/events/stream"
_POLLS = frozenset({f"{API}/follow"})
_INDEX = ("/simple", "/trees/simple", "/files", "/legacy")
_BELOW_INDEX = tuple(f"{each}/" for each in _INDEX)
_PARTS = ("api", "index", "page", "probe", "other")
_PROBES = frozenset({"/health", "/ready", "/metrics"})


def part_of(path: str) -> str:
    """Return which part of a service ``path`` is of."""
    if path == API or path.startswith(f"{API}/"):
        return "api"
    if path in _INDEX or path.startswith(_BELOW_INDEX):
        return "index"
    if path in _PROBES:
        return "probe"
    return "page" if path == "/" or path.startswith("/page/") else "other"


def index_kind(path: str) -> str:
    """Return what a request to the index is for."""
    if path.startswith("/legacy"):
        return "upload"
    if path.startswith("/files"):
        return "metadata" if path.endswith(".metadata") else "file"
    return "page"


class Traffic:
    """ASGI middleware that counts requests, and those that are under way and wait for news.

    ``requests`` by part and status, ``index`` by kind and status; of ``seconds``, by part, is
    who waits for no news.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.requests: Counter[tuple[str, int]] = Counter()
        self.index: Counter[tuple[str, int]] = Counter()
        self.seconds = {part: Histogram(_BOUNDS_S) for part in _PARTS}
        self.waiting = 0
        self.streams = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the lifespan pass, and count a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, query = scope["path"], scope["query_string"]
        is_stream = path == _STREAM
        is_poll = path in _POLLS or query.startswith(b"wait=") or b"&wait=" in query
        began, status = perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.waiting += is_poll
        self.streams += is_stream
        try:
            await self._app(scope, receive, sending)
        finally:
            self.waiting -= is_poll
            self.streams -= is_stream
            part = part_of(path)
            self.requests[part, status] += 1
            if part == "index":
                self.index[index_kind(path), status] += 1
            if not (is_poll or is_stream):
                self.seconds[part].observe(perf_counter() - began)
