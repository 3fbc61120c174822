"""An answer of another index with its body, up to a limit: a page may never end."""

from __future__ import annotations

from typing import Final

import httpx2

from park.errors import UpstreamFault

__all__ = ["LARGEST_PAGE_BYTES", "beginning", "whole_answer"]

LARGEST_PAGE_BYTES: Final = 128 << 20
"""Unpacked. The list of all projects of PyPI has some 30 MB, the largest of its other pages 10."""

_SAID_BYTES = 64 << 10
"""Of an answer that is not asked for, but for what it says of a failure."""

_OF_THE_WIRE = {b"content-encoding", b"content-length", b"transfer-encoding"}


async def whole_answer(
    response: httpx2.Response, most: int = LARGEST_PAGE_BYTES
) -> httpx2.Response:
    """Read an open ``response``, close it, and return it with its body, unpacked.

    Raises `UpstreamFault` for one of more than ``most`` bytes, as soon as these have come.
    """
    body = bytearray()
    try:
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > most:
                raise UpstreamFault(
                    f"upstream {response.url} sent a page of more than {most:,} bytes",
                    hint="is this the URL of a simple index?",
                )
    finally:
        await response.aclose()
    return _with_body(response, body)


async def beginning(response: httpx2.Response) -> httpx2.Response:
    """Read what an open ``response`` says at first, close it, and return it with that."""
    body = bytearray()
    try:
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > _SAID_BYTES:
                break
    finally:
        await response.aclose()
    return _with_body(response, body[:_SAID_BYTES])


def _with_body(response: httpx2.Response, body: bytearray) -> httpx2.Response:
    # as bytes: a value need not be ASCII (RFC 9110, 5.5)
    headers = [
        (name, value) for name, value in response.headers.raw if name.lower() not in _OF_THE_WIRE
    ]
    whole = httpx2.Response(
        response.status_code, headers=headers, content=bytes(body), request=response.request
    )
    whole.next_request = response.next_request
    return whole
