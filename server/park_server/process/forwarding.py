"""What a service that stands by does with requests: it hands them on to the one that leads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpcore2
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from park_server.process.handed_on import as_came, handed
from park_server.sockets.in_folder import short

__all__ = ["Forwarding"]

_CONNECT_S = 2.0
"""A leader that lives takes connections at once; the kernel's queue is long."""

_LOST = OSError, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException
"""The leader is not there, or has gone before it answered."""


class Forwarding:
    """Hands requests on to whoever listens in ``folder``; ``otherwise`` answers where nobody does.

    A connection each: one that is kept may be closed by the leader while a request is on its way.
    """

    def __init__(self, folder: Path, otherwise: ASGIApp) -> None:
        self._folder = folder
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by the leader's answer; 503 where it goes away before."""
        exchange = _Exchange(scope, receive, send)
        try:
            with short(self._folder) as path:
                await exchange.over(path)
        except _LOST:
            if exchange.has_answered:
                raise  # half an answer is told as that: the connection is closed
            await self._otherwise(scope, exchange.receive, send)

    async def is_led(self) -> bool:
        """Tell whether somebody leads, and takes connections."""
        try:
            with short(self._folder) as path:
                _, writer = await asyncio.wait_for(asyncio.open_unix_connection(path), _CONNECT_S)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._is_read = asyncio.Event()
        self.has_answered = False

    async def over(self, path: str) -> None:
        """Have it answered by whoever listens at ``path``, for as long as the client waits."""
        async with httpcore2.AsyncConnectionPool(uds=path, max_keepalive_connections=0) as pool:
            answering = asyncio.create_task(self._answered(pool))
            leaving = asyncio.create_task(self._gone())
            try:
                await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if answering.done():
                    answering.result()
            finally:
                for task in (answering, leaving):
                    task.cancel()
                await asyncio.gather(answering, leaving, return_exceptions=True)

    async def _answered(self, pool: httpcore2.AsyncConnectionPool) -> None:
        scope = self._scope
        target = scope["raw_path"] + (b"?" + query if (query := scope["query_string"]) else b"")
        url = httpcore2.URL(scheme=b"http", host=b"leader", port=None, target=target)
        headers = handed(scope["headers"], came=as_came(scope))
        timeout = {"connect": _CONNECT_S}
        request = httpcore2.Request(
            scope["method"],
            url,
            headers=headers,
            content=self._content(),
            extensions={"timeout": timeout},
        )
        answer = await pool.handle_async_request(request)
        try:
            await self._begin(answer)
            async for piece in answer.aiter_stream():
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            await self._send({"type": "http.response.body"})
        finally:
            await answer.aclose()

    async def _begin(self, answer: httpcore2.Response) -> None:
        self.has_answered = True
        kept = [pair for pair in handed(answer.headers) if pair[0].lower() != b"transfer-encoding"]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": kept})

    async def _content(self) -> AsyncIterator[bytes]:
        while True:
            message = await self.receive()
            if message["type"] != "http.request":
                return
            yield message.get("body", b"")
            if not message.get("more_body", False):
                return

    async def receive(self) -> Message:
        """Return what comes next from the client."""
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._is_read.set()
        return message

    async def _gone(self) -> None:
        """Return once the client has left, whose request was read."""
        await self._is_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
