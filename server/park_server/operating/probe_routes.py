"""Routes that machines ask: is the service there, can it take work, and what does it count."""

from __future__ import annotations

import asyncio
from typing import cast

from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from park_server.http.parts import parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.http.routing.media import Exposition
from park_server.operating.exposition import exposed
from park_server.operating.metrics import Metrics, condition_of
from park_server.operating.readiness import reasons

__all__ = ["router"]

router = DeclaredRoutes()


@router.get("/health")
async def live() -> dict[str, str]:
    """Say that the process answers: without its database, without a token."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """Say whether the service can take work, and else why not; without a token."""
    found = reasons(condition_of(parts_of(request)))
    status = "not ready" if found else "ready"
    return JSONResponse({"status": status, "reasons": found}, status_code=503 if found else 200)


@router.get("/metrics", response_class=Exposition)
async def metrics(request: Request) -> Response:
    """Return the metrics of the service, for Prometheus."""
    gatherer = cast("Metrics", request.app.state.metrics)
    queues = parts_of(request).jobs.queues()
    gathered = await asyncio.to_thread(gatherer.gather, queues)
    accept = request.headers.get("accept", "")
    page, media_type = await asyncio.to_thread(exposed, gathered, accept)
    return Response(page, headers={"Content-Type": media_type})
