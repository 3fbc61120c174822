"""The outermost layer: whatever becomes of a request ends here, and is told once."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from park.errors import ParkError, ServiceUnreachable
from park_server.http.problems import defect, problem_response, tell_break

__all__ = ["Containment"]


class Containment:
    """ASGI middleware around all others.

    A stop of the service cancels the requests that are still under way: they are answered
    503, so that clients send them again. What the routes raised was answered and logged
    there; what failed before them is answered here. An answer in pieces that fails on its way can
    only break off, which clients see: the log says why.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the lifespan pass, and contain a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except asyncio.CancelledError:
            if not started:
                await problem_response(_stopping())(scope, receive, send)
        except Exception as error:  # noqa: BLE001 (no request takes the service down)
            if started:
                tell_break(scope["method"], scope["path"], error)
            else:
                await _answer_to(error, scope)(scope, receive, send)


def _answer_to(error: Exception, scope: Scope) -> ASGIApp:
    if isinstance(error, ParkError):
        return problem_response(error)
    return defect(scope["method"], scope["path"], error)


def _stopping() -> ServiceUnreachable:
    return ServiceUnreachable(
        "the service stops, and nothing of this request was kept",
        hint="send it again when the service is back",
    )
