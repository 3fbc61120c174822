"""What a request and its answer say of themselves: the API that they speak, and the request's id.

Plain ASGI around all else; what is done for a request is logged with its id.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING

from park.errors import ApiMismatch
from park.wire import API
from park.wire.api_version import HEADER, HERE, said, strangers
from park_server.http.problems import problem_response
from park_server.log_lines.of_request import REQUEST, request_id

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Marked", "with_request_id"]

_log = logging.getLogger("park.requests")

_NAME = HEADER.lower().encode("ascii")
_OURS = str(HERE).encode("ascii")
_SPOKEN = (_NAME, _OURS)
_ID, _TRACE = b"x-request-id", b"traceparent"
_READ = frozenset({_NAME, _ID, _TRACE})


class Marked:
    """ASGI middleware: finds or makes the id of a request, and says it and the API in the answer.

    A client that speaks another API than this service does is told so, and what to do.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the lifespan pass, and mark a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read = {name: value for name, value in scope["headers"] if name in _READ}
        known = request_id(_text(read.get(_ID)), _text(read.get(_TRACE)))
        scope["request_id"] = known
        token = REQUEST.set(known)
        own = [_SPOKEN, (_ID, known.encode("ascii"))]
        began, status = perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # a new one: some are made once and sent to many
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)

        app = self._app if read.get(_NAME) in {None, _OURS} else self._for(scope, read[_NAME])
        try:
            await app(scope, receive, sending)
        finally:
            REQUEST.reset(token)
            if _log.isEnabledFor(logging.INFO):
                _tell(scope, status, began)

    def _for(self, scope: Scope, spoken: bytes) -> ASGIApp:
        """Return what answers a client that is of another release."""
        client = said(_text(spoken))
        found = None if client is None else strangers(client, HERE)
        if found is None or not scope["path"].startswith(API):
            return self._app
        return problem_response(ApiMismatch(found[0], hint=found[1]))


def with_request_id(asked: list[object], scope: Scope) -> list[object]:
    """Return the jobs of a submission, as JSON, each with the id of the request that it came by."""
    known = scope.get("request_id")
    for each in asked if known is not None else ():
        if isinstance(each, dict):
            each["request_id"] = known
    return asked


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _tell(scope: Scope, status: int, began: float) -> None:
    # as it was sent: what is escaped in it could look like another line
    path = scope.get("raw_path", b"").decode("ascii", "replace")
    facts = {
        "method": scope["method"],
        "path": path,
        "status": status,
        "ms": round((perf_counter() - began) * 1e3, 1),
        "request_id": scope["request_id"],
        "user": scope.get("user"),
    }
    _log.info("%s %s: %d", scope["method"], path, status, extra=facts)
