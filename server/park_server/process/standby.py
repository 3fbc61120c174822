"""A service that stands by: it listens and says so, until what it waits for is its own.

Nothing of a home or of a database is read meanwhile, so that nothing old is answered; what is
asked comes again, and finds the service that serves then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import TypeVar

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from park.errors import ServiceUnreachable
from park_server.process.listeners import Listeners
from park_server.process.silence import PatientProtocol

__all__ = ["stand_by"]

EVERY_S = 0.1
"""Between two looks whether the other one has ended: nothing tells of a lock that is free."""

_WHY = "another service serves this home, and this one stands by for it"

Taken = TypeVar("Taken")


async def stand_by(
    listeners: Listeners, take: Callable[[], Awaitable[Taken | None]]
) -> Taken | None:
    """Answer on ``listeners`` until ``take`` returns something; return that.

    What connects in between is kept for whoever listens next. Returns None where it was told to
    stop before.
    """
    config = uvicorn.Config(
        _answer,
        http=PatientProtocol,
        lifespan="off",
        log_config=None,
        log_level=None,
        access_log=False,
        proxy_headers=False,
        ws="none",
        ssl_context_factory=listeners.context_factory,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    waiting = asyncio.create_task(_until_taken(server, take))
    # a copy: the server closes what it has listened on
    await server.serve(sockets=[listeners.outer.dup()])
    return await waiting


async def _until_taken(
    server: uvicorn.Server, take: Callable[[], Awaitable[Taken | None]]
) -> Taken | None:
    try:
        while not server.should_exit:
            taken = await take()
            if taken is not None:
                return taken
            await asyncio.sleep(EVERY_S)
    finally:
        server.should_exit = True
    return None


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Say what machines ask; whoever wants work is to come again."""
    request = Request(scope, receive)
    response = _PROBES.get(request.url.path, _not_now)()
    await response(scope, receive, send)


def _not_now() -> Response:
    problem = ServiceUnreachable(_WHY, hint="ask again: it serves once the other one has ended")
    document = problem.as_problem() | {"status": HTTPStatus.SERVICE_UNAVAILABLE.value}
    return JSONResponse(
        document,
        status_code=HTTPStatus.SERVICE_UNAVAILABLE,
        headers={"Retry-After": "1"},
        media_type="application/problem+json",
    )


_PROBES: dict[str, Callable[[], Response]] = {
    "/health": partial(JSONResponse, {"status": "standby"}),
    "/ready": partial(JSONResponse, {"status": "standby", "reasons": [_WHY]}, status_code=503),
}
