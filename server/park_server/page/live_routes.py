"""Routes of what goes on: the ticks of a live page, and what it shows first."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from fastapi import Query
from sqlalchemy import Connection, func, select
from starlette.requests import Request
from starlette.responses import StreamingResponse

from park.wire import NowRecord
from park_server.bus import EVERYTHING
from park_server.db.tables import events
from park_server.http.auth import user_of
from park_server.http.exact_json import ExactJson
from park_server.http.parts import MOST, ServiceParts, parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.http.routing.media import EventStream
from park_server.page.now import now_of
from park_server.page.snapshots import Snapshots
from park_server.page.workflow_shapes import WorkflowShapes

__all__ = ["AGAIN", "FRESH", "router", "shapes_of", "shared_view"]

router = DeclaredRoutes()

_QUIET_S = 15.0
"""Seconds after which a comment shows that the stream is there: below the limits of proxies."""

_PAUSE_S = 0.5
"""Between two ticks: a person sees no more, and a sweep has hundreds of events in it."""


AGAIN = "X-Park-Again-After"
"""The header that says in how many seconds there may be something newer than this answer."""

FRESH = "X-Park-Fresh-For"
"""The header that says for how many seconds nobody is told anything newer, whatever happens."""


@dataclass(slots=True)
class _Page:
    """What the page keeps while a service runs."""

    snapshots: Snapshots = field(default_factory=Snapshots)
    shapes: WorkflowShapes = field(default_factory=WorkflowShapes)
    newest: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of each user who looks the newest event, and of anybody the newest when that was asked."""


def _page_of(request: Request) -> _Page:
    """Return what is kept for those who look; made at first use."""
    state = request.app.state
    if not hasattr(state, "page"):
        state.page = _Page()
    return cast("_Page", state.page)


def shapes_of(request: Request) -> WorkflowShapes:
    """Return the shapes of large workflows, which all who look share."""
    return _page_of(request).shapes


@router.get("/now", response_model=NowRecord)
async def show_now(request: Request) -> ExactJson:
    """Return what of the user's runs, waits, and failed lately, and how busy the service is."""
    parts, user = parts_of(request), user_of(request)
    return await shared_view(request, "now", lambda: now_of(parts, user))


async def shared_view(request: Request, key: Hashable, make: Callable[[], Any]) -> ExactJson:
    """Return the answer with a view that all viewers of one user share, and how fresh it is."""
    whole, snapshots = (user_of(request), key), _page_of(request).snapshots
    view, again_s = await snapshots.get(whole, make)
    headers = {FRESH: f"{snapshots.fresh_s(whole):.2f}"}
    return ExactJson(view, headers=headers | ({AGAIN: f"{again_s:.2f}"} if again_s else {}))


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
    parts = parts_of(request)
    # before the browser hears that it is open, and looks: what comes after that is told
    begin = begin or _newest(parts, 0) or 0
    return StreamingResponse(
        _ticks(parts, _page_of(request), user_of(request), begin),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _ticks(parts: ServiceParts, page: _Page, user: str, seen: int) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    looked = seen
    while not parts.bus.is_over:
        newest = await _waited(parts, looked)
        own = _own(parts, page, user, newest) if newest > looked else 0
        looked = newest
        if own <= seen:
            yield b": nothing new\n\n"
        else:
            seen = own
            yield f"id: {own}\ndata: {json.dumps({'seq': own})}\n\n".encode("ascii")
        await asyncio.sleep(_PAUSE_S)


def _own(parts: ServiceParts, page: _Page, user: str, newest: int) -> int:
    """Return the newest event of ``user``: asked once for all of his windows, when there is any."""
    known, asked = page.newest.get(user, (0, 0))
    if newest > asked:
        known = _newest(parts, asked, user) or known
        page.newest[user] = known, newest
    return known


async def _waited(parts: ServiceParts, looked: int) -> int:
    """Return the newest event of anybody, once it is past ``looked`` or nothing came for long."""
    return await parts.bus.wait_until(
        EVERYTHING, lambda: _newest(parts, 0) or 0, lambda newest: newest > looked, _QUIET_S
    )


def _newest(parts: ServiceParts, after: int, user: str | None = None) -> int | None:
    """Return the sequence number of the newest event after ``after``, of ``user`` or anybody."""
    query = select(func.max(events.c.seq)).where(events.c.seq > after)
    if user is not None:
        query = query.where(events.c.user == user)

    def read(connection: Connection) -> Any:
        return connection.execute(query).scalar_one()

    found = parts.database.read(read)
    return None if found is None else int(found)
