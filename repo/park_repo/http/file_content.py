"""A file as a response: whole or in part, and a refused range told like any other error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse, JSONResponse, Response

from park.errors import UsageError

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

__all__ = ["FileContent"]

_FIRST_ERROR = 400


class FileContent(FileResponse):
    """Starlette's response, whose refusals of a ``Range`` are problem documents (RFC 9457)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or say what is wrong with the range that was asked for."""
        scope = _without_unknown_ranges(scope)
        refusal: Message | None = None

        async def unless_refused(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start" and message["status"] >= _FIRST_ERROR:
                refusal = message
            elif refusal is None:
                await send(message)

        await super().__call__(scope, receive, unless_refused)
        if refusal is not None:
            await _problem(refusal)(scope, receive, send)


def _without_unknown_ranges(scope: Scope) -> Scope:
    """Return ``scope`` without a Range of another unit than bytes (RFC 9110, 14.2: ignored)."""
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name != b"range" or value.partition(b"=")[0].strip().lower() == b"bytes"
    ]
    return {**scope, "headers": headers}


def _problem(refusal: Message) -> Response:
    """Return the problem document; ``Content-Range`` (RFC 9110, 15.5.17) has the file's size."""
    status = refusal["status"]
    there = MutableHeaders(raw=list(refusal["headers"])).get("content-range")
    what = f"the file has only {there.rpartition('/')[2]} bytes" if there else "it is not valid"
    error = UsageError(
        f"the Range that was asked for cannot be had: {what}",
        hint="ask without Range, or for bytes=FIRST-LAST below the size of the file",
    )
    return JSONResponse(
        error.as_problem() | {"status": status},
        status_code=status,
        headers={"Content-Range": there} if there else None,
        media_type="application/problem+json",
    )
