"""A limit for bodies that are held in memory: all but files, which are streamed to the disk."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from park.errors import TooLarge
from park.wire import API
from park_server.http.problems import problem_response

__all__ = ["MOST_BYTES", "BodyLimit", "replayed", "whole_body"]

MOST_BYTES = 64 << 20
"""Eight batches of a client, or one call with arguments that should have been a file."""

_STREAMED = {"PUT": (f"{API}/files/", f"{API}/areas/files/"), "POST": ("/legacy",)}
"""Routes whose bodies go to the disk as they come, with limits of their own, by their method."""


class BodyLimit:
    """ASGI middleware that answers 413 to a body that is too large to be held."""

    def __init__(self, app: ASGIApp, *, limit: int = MOST_BYTES) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is streamed, and any other request with its whole body."""
        if scope["type"] != "http" or _is_streamed(scope):
            await self._app(scope, receive, send)
            return
        declared = _declared(scope)
        if not declared.isdecimal() or int(declared[:20]) > self._limit:
            await problem_response(self._refusal())(scope, receive, send)
            return
        body = await whole_body(receive, limit=self._limit)
        if sum(len(message.get("body", b"")) for message in body) > self._limit:
            await problem_response(self._refusal())(scope, receive, send)
            return
        await self._app(scope, replayed(body, receive), send)

    def _refusal(self) -> TooLarge:
        return TooLarge(
            f"the body of the request is over the limit of {self._limit:,} bytes",
            hint="send large data as files, which have no such limit, and many items in batches",
        )


def _is_streamed(scope: Scope) -> bool:
    below = _STREAMED.get(scope["method"])
    return below is not None and scope["path"].startswith(below)


def _declared(scope: Scope) -> str:
    """Return how long the body is to be, as the first header that says so has it."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return str(value, "latin-1")
    return "0"


async def whole_body(receive: Receive, *, limit: int = MOST_BYTES) -> list[Message]:
    """Return the messages of a body, the last one too, or as many as are over ``limit`` bytes."""
    found: list[Message] = []
    size = 0
    while True:
        message = await receive()
        found.append(message)
        size += len(message.get("body", b""))
        if size > limit or not message.get("more_body", False):
            return found


def replayed(body: list[Message], receive: Receive) -> Receive:
    """Return what gives the messages of ``body``, and then what comes after them."""
    messages = iter(body)

    async def replay() -> Message:
        message = next(messages, None)
        return await receive() if message is None else message

    return replay
