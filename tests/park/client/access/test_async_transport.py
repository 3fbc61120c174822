"""Requests from an event loop: their answers, and what stands for none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from park.client.access.address import Address
from park.client.access.async_transport import AsyncTransport
from park.errors import ServiceFault, ServiceUnreachable, UnknownItem

if TYPE_CHECKING:
    from collections.abc import Callable


def asked(answer: Callable[[httpx2.Request], httpx2.Response]) -> Any:
    """Return what a transport makes of an answer."""

    async def ask() -> Any:
        transport = AsyncTransport(Address(url="http://one.example", token="secret"))
        await transport.close()
        transport._client = httpx2.AsyncClient(
            base_url="http://one.example", transport=httpx2.MockTransport(answer)
        )
        try:
            return await transport.json("POST", "/", json={"a": [1]})
        finally:
            await transport.close()

    return asyncio.run(ask())


def test_json_goes_there_and_comes_back() -> None:
    def echo(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["content-type"] == "application/json"
        return httpx2.Response(200, content=request.read())

    assert asked(echo) == {"a": [1]}


def test_what_is_no_answer_is_told_as_such() -> None:
    def refused(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("connection refused")

    with pytest.raises(ServiceUnreachable, match=r"one\.example: connection refused"):
        asked(refused)
    with pytest.raises(ServiceUnreachable, match="a proxy says 502"):
        asked(lambda _: httpx2.Response(502, text="Bad Gateway"))


def test_problems_are_raised() -> None:
    problem = {"type": "urn:park:problem:unknown-item", "status": 404, "detail": "no such job"}
    with pytest.raises(UnknownItem, match="no such job"):
        asked(lambda _: httpx2.Response(404, json=problem))
    with pytest.raises(ServiceFault, match="without JSON"):
        asked(lambda _: httpx2.Response(200, text="<html>"))
