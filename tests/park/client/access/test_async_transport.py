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


class Probed:
    """Answers what is asked beside once it is let, and keeps what is said of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        self.goes_on = asyncio.Event()
        monkeypatch.setattr("park.client.access.told_silence.say_of_outage", self._hear)

    def _hear(self, line: str) -> None:
        self.said.append(line)
        self.goes_on.set()  # it is there again once it was told

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/health"
        await self.goes_on.wait()
        return httpx2.Response(200, json={})

    async def beat(self) -> None:
        transport = AsyncTransport(Address(url="http://one.example", token="secret"))
        await transport.close()
        transport._client = httpx2.AsyncClient(
            base_url="http://one.example", transport=httpx2.MockTransport(self.answer)
        )
        await transport.beat()
        await transport.close()


def test_a_service_that_does_not_answer_beside_is_told_and_that_it_does_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> list[str]:
        probed = Probed(monkeypatch)
        await probed.beat()
        return probed.said

    gone, back = asyncio.run(test())
    assert gone.startswith("http://one.example does not answer any more; it is asked again")
    assert back == "http://one.example answers now"


def test_of_one_that_answers_in_time_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> list[str]:
        probed = Probed(monkeypatch)
        probed.goes_on.set()
        await probed.beat()
        return probed.said

    assert asyncio.run(test()) == []
