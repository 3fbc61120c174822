"""A service that stands by: it hands on what it is asked, until what it waits for is its own.

Nothing of a home or of a database is read here meanwhile, so that nothing old is answered: the
one that leads answers. Where none does, what is asked comes again, and finds one that does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from park.errors import ServiceUnreachable
from park_server.process.forwarding import Forwarding
from park_server.process.listeners import Listeners
from park_server.process.silence import PatientProtocol

__all__ = ["EVERY_S", "LETS_GO_S", "stand_by"]

EVERY_S = 0.1
"""Between two looks whether the other one has ended: nothing tells of a lock that is free."""

LETS_GO_S = 1
"""What requests that are handed on may still take once the home is taken."""

_NOT_YET = "this service still asks its machine what it would have to know"

_WHY = "this service stands by, and the one that leads does not answer"

Taken = TypeVar("Taken")


async def stand_by(
    listeners: Listeners,
    take: Callable[[], Awaitable[Taken | None]],
    leader: Path,
    *,
    prepared: Sequence[asyncio.Future[Any]] = (),
    on_prepared: Callable[[], None] = lambda: None,
) -> Taken | None:
    """Answer on ``listeners`` until ``take`` returns something; return that.

    What is asked is handed on to whoever listens in the folder ``leader``. What connects in
    between is kept for whoever listens next. Returns None where it was told to stop before.

    It says that it is ready, and calls ``on_prepared``, once ``prepared`` are there: before that
    it would take over as well, but would then wait for them.
    """
    answering = _Answering(leader, prepared)
    config = uvicorn.Config(
        answering,
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
        timeout_graceful_shutdown=LETS_GO_S,
    )
    server = uvicorn.Server(config)
    waiting = asyncio.create_task(_until_taken(server, take))
    telling = asyncio.create_task(_tell(prepared, on_prepared))
    # a copy: the server closes what it has listened on
    await server.serve(sockets=[listeners.outer.dup()])
    telling.cancel()
    return await waiting


async def _tell(prepared: Sequence[asyncio.Future[Any]], on_prepared: Callable[[], None]) -> None:
    if prepared:
        await asyncio.wait(prepared)  # what went wrong with one is told by whoever needs it
    on_prepared()


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

    def __init__(self, leader: Path, prepared: Sequence[asyncio.Future[Any]]) -> None:
        self._forwarding = Forwarding(leader, _not_now)
        self._prepared = prepared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response: ASGIApp = self._forwarding
        if scope["path"] == "/health":
            response = JSONResponse({"status": "standby"})
        elif scope["path"] == "/ready":
            response = _readiness(
                is_led=await self._forwarding.is_led(),
                is_prepared=all(each.done() for each in self._prepared),
            )
        await response(scope, receive, send)


def _readiness(*, is_led: bool, is_prepared: bool) -> JSONResponse:
    reasons = [] if is_led else [_WHY]
    reasons += [] if is_prepared else [_NOT_YET]
    return JSONResponse(
        {"status": "standby", "reasons": reasons}, status_code=503 if reasons else 200
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
