"""Routes of what goes on: the ticks of a live page, and what it shows first."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from fastapi import FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from park.wire import NowRecord
from park_repo.simple import Page
from park_server.http.auth import user_of
from park_server.http.exact_json import written
from park_server.http.parts import MOST, ServiceParts, parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.http.routing.media import EventStream
from park_server.page.now import now_of
from park_server.page.shapes.found_ahead import FoundAhead
from park_server.page.shapes.kept_shapes import KeptShapes
from park_server.page.shapes.known_shapes import WorkflowShapes
from park_server.page.snapshots import Snapshots
from park_server.page.ticks import Ticks

__all__ = ["AGAIN", "FRESH", "looking_ahead", "router", "shapes_of", "shared_value", "shared_view"]

T = TypeVar("T")

router = DeclaredRoutes()

AGAIN = "X-Park-Again-After"
"""The header that says in how many seconds there may be something newer than this answer."""

FRESH = "X-Park-Fresh-For"
"""The header that says for how many seconds nobody is told anything newer, whatever happens."""


_JSON = "application/json"


@dataclass(slots=True)
class _Page:
    """What the page keeps while a service runs."""

    ticks: Ticks
    snapshots: Snapshots = field(default_factory=Snapshots)
    shapes: WorkflowShapes = field(default_factory=WorkflowShapes)


def _page_of(app: FastAPI) -> _Page:
    """Return what is kept for those who look; made at first use."""
    if not hasattr(app.state, "page"):
        parts: ServiceParts = app.state.parts
        app.state.page = _Page(Ticks(parts.database, parts.bus))
    return cast("_Page", app.state.page)


@asynccontextmanager
async def looking_ahead(app: FastAPI, folder: Path) -> AsyncIterator[None]:
    """Find large workflows before anybody looks, and keep them in ``folder``.

    ``app`` has its parts.
    """
    parts: ServiceParts = app.state.parts
    shapes = WorkflowShapes(KeptShapes(folder))
    app.state.page = _Page(Ticks(parts.database, parts.bus), shapes=shapes)
    ahead = FoundAhead(parts.database, parts.bus, shapes)
    ahead.start()
    try:
        yield
    finally:
        await ahead.stop()


def shapes_of(request: Request) -> WorkflowShapes:
    """Return the shapes of large workflows, which all who look share."""
    return _page_of(request.app).shapes


@router.get("/now", response_model=NowRecord)
async def show_now(request: Request) -> Response:
    """Return what of the user's runs, waits, and failed lately, and how busy the service is."""
    parts, user = parts_of(request), user_of(request)
    return await shared_view(request, "now", lambda: now_of(parts, user))


async def shared_value(request: Request, key: Hashable, make: Callable[[], T]) -> tuple[T, float]:
    """Return what all viewers of one user share, and for how many seconds more it stands."""
    whole, snapshots = (user_of(request), key), _page_of(request.app).snapshots
    value, _ = await snapshots.get(whole, make)
    return value, snapshots.fresh_s(whole)


async def shared_view(request: Request, key: Hashable, make: Callable[[], Any]) -> Response:
    """Return the answer with a view that all viewers of one user share, and how fresh it is.

    It is made, written and packed once for all of them.
    """
    whole, snapshots = (user_of(request), key), _page_of(request.app).snapshots
    turn_s = snapshots.turn_s(whole)
    page, again_s = await snapshots.get(whole, lambda: Page.of(_JSON, written(make())))
    sent = page.coded(request.headers.get("accept-encoding"))
    headers = {FRESH: f"{snapshots.fresh_s(whole) + turn_s:.2f}", "Vary": "Accept-Encoding"}
    if again_s:
        headers[AGAIN] = f"{again_s + turn_s:.2f}"
    if sent is not page:
        headers["Content-Encoding"] = "gzip"
    return Response(sent.body, media_type=_JSON, headers=headers)


@router.get("/events/stream", response_model=None, response_class=EventStream)
async def stream_events(
    request: Request, after: Annotated[int, Query(ge=0, le=MOST)] = 0
) -> StreamingResponse:
    """Tell, as server-sent events, that something became of what the user has.

    Each is the newest sequence number, and stands for all before it: what is told does not grow
    with what happens. Without ``after`` it begins with what comes from now on.
    """
    last = request.headers.get("last-event-id", "")
    begin = int(last) if last.isascii() and last.isdecimal() and int(last) <= MOST else after
    # before the browser hears that it is open, and looks: what comes after that is told
    ticks = _page_of(request.app).ticks
    begin = begin or ticks.newest()
    return StreamingResponse(
        _told(ticks, user_of(request), begin),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _told(ticks: Ticks, user: str, begin: int) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    async with aclosing(ticks.of(user, begin)) as news:
        async for newest in news:
            if newest is None:
                yield b": nothing new\n\n"
            else:
                yield f"id: {newest}\ndata: {json.dumps({'seq': newest})}\n\n".encode("ascii")
