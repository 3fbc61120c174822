"""The event log over HTTP: resumable by sequence number."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request

from park_server import events
from park_server.bus import EVERYTHING
from park_server.http.auth import user_of
from park_server.http.exact_json import ExactJson
from park_server.http.parts import LONG_POLL_S, MOST, parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes

__all__ = ["router"]

router = DeclaredRoutes()

_FEW = 10
"""Events that are looked for while one waits; many are read beside the event loop."""


@router.get("/events", response_model=list[dict[str, Any]])
async def follow_events(
    request: Request,
    after: Annotated[int, Query(ge=0, le=MOST)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    wait: Annotated[float, Query(ge=0, le=LONG_POLL_S)] = 0,
) -> ExactJson:
    """Return the user's events after a sequence number, waiting for the first of them."""
    parts, user = parts_of(request), user_of(request)
    found = await parts.bus.wait_until(
        EVERYTHING,
        lambda: parts.database.read(lambda c: events.after(c, user, after, _FEW)),
        bool,
        wait,
    )
    if len(found) < min(_FEW, limit):
        return ExactJson(found)
    return ExactJson(
        await asyncio.to_thread(parts.database.read, lambda c: events.after(c, user, after, limit))
    )
