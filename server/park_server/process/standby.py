"""A service that stands by: it hands on what it is asked, until what it waits for is its own.

Nothing of a home or of a database is read here meanwhile, so that nothing old is answered: the
one that leads answers. Where none does, what is asked comes again, and finds one that does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from park.errors import ServiceUnreachable
from park_server.process.forwarding import Forwarding
from park_server.process.listeners import Listeners
from park_server.process.silence import PatientProtocol

__all__ = ["stand_by"]

EVERY_S = 0.1
"""Between two looks whether the other one has ended: nothing tells of a lock that is free."""

_WHY = "this service stands by, and the one that leads does not answer"

Taken = TypeVar("Taken")


async def stand_by(
    listeners: Listeners, take: Callable[[], Awaitable[Taken | None]], leader: Path
) -> Taken | None:
    """Answer on ``listeners`` until ``take`` returns something; return that.

    What is asked is handed on to whoever listens in the folder ``leader``. What connects in
    between is kept for whoever listens next. Returns None where it was told to stop before.
    """
    config = uvicorn.Config(
        _Answering(leader),
        http=PatientProtocol,
        lifespan="off",
        log_config=None,
        log_level=None,
        access_log=False,
        proxy_headers=False,
        date_header=False,  # those are the leader's
        server_header=False,
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


class _Answering:
    """Says how it is where machines ask; all else is answered by the one that leads."""

    def __init__(self, leader: Path) -> None:
        self._forwarding = Forwarding(leader, _not_now)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response: ASGIApp = self._forwarding
        if scope["path"] == "/health":
            response = JSONResponse({"status": "standby"})
        elif scope["path"] == "/ready":
            response = _readiness(is_led=await self._forwarding.is_led())
        await response(scope, receive, send)


def _readiness(*, is_led: bool) -> JSONResponse:
    reasons = [] if is_led else [_WHY]
    return JSONResponse(
        {"status": "standby", "reasons": reasons}, status_code=200 if is_led else 503
    )


async def _not_now(scope: Scope, receive: Receive, send: Send) -> None:
    problem = ServiceUnreachable(_WHY, hint="ask again: one of those that stand by takes over")
    document = problem.as_problem() | {"status": HTTPStatus.SERVICE_UNAVAILABLE.value}
    response = JSONResponse(
        document,
        status_code=HTTPStatus.SERVICE_UNAVAILABLE,
        headers={"Retry-After": "1"},
        media_type="application/problem+json",
    )
    await response(scope, receive, send)
