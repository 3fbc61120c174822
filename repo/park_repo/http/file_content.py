"""A file as a response: whole or in part, and a refused range told like any other error."""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse, JSONResponse, Response

from park.errors import UsageError

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

__all__ = ["FileContent"]

_FIRST_ERROR = 400

_RANGE = re.compile("[0-9]+-[0-9]*|-[0-9]+")
_NO_RANGE = "none"
"""What no server takes for a range."""


class FileContent(FileResponse):
    """Starlette's response, whose refusals of a ``Range`` are problem documents (RFC 9457)."""

    async def _with_ranges_that_count(self, scope: Scope) -> Scope:
        """Return ``scope`` with the ranges that are to be answered, and no others.

        RFC 9110, 14.2: a Range is for GET alone, and one of another unit than bytes is ignored.
        Of several ranges those count that can be had.
        """
        headers = MutableHeaders(raw=list(scope["headers"]))
        unit, _, ranges = headers.get("range", "").partition("=")
        if scope["method"] != "GET" or unit.strip().lower() != "bytes":
            del headers["range"]
        elif (size := await self._size()) is not None:
            headers["range"] = "bytes=" + ",".join(_satisfiable(ranges, size))
        return {**scope, "headers": headers.raw}

    async def _size(self) -> int | None:
        """Return the bytes that are there; None: no file, which is told where it is opened."""
        if self.stat_result is not None:
            return self.stat_result.st_size
        try:
            return (await asyncio.to_thread(os.stat, self.path)).st_size
        except OSError:
            return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or say what is wrong with the range that was asked for."""
        scope = await self._with_ranges_that_count(scope)
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


def _satisfiable(ranges: str, size: int) -> list[str]:
    """Return those of ``ranges`` of which a file of ``size`` bytes has something.

    All of them where it has nothing of any, or where one is none (RFC 9110, 14.1.2).
    """
    parts = [part for each in ranges.split(",") if (part := each.strip())]
    found = [_RANGE.fullmatch(part) for part in parts]
    if None in found:
        return [_NO_RANGE]
    there = [part for part in parts if _is_there(part, size)]
    return there or parts


def _is_there(part: str, size: int) -> bool:
    first, _, last = part.partition("-")
    # by their lengths: thousands of digits are a number as well
    if not first:
        return bool(last.lstrip("0")) and size > 0
    digits = first.lstrip("0") or "0"
    return len(digits) <= len(str(size)) and int(digits) < size


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
