"""What the service connects to for its users is reached directly: a proxy hides the address."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from support.neighbours.index_server import serving

from park_server.egress.addresses import AddressPolicy
from park_server.egress.guarded_transport import GuardedTransport
from park_server.fetches.download import client_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def url() -> Iterator[str]:
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])
    with serving(app) as base:
        yield base


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_the_way_to_a_file(
    url: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, NOBODY)

    async def ask() -> str:
        transport = GuardedTransport(AddressPolicy.of(["127.0.0.1"]))
        async with client_of(transport) as client:
            answer = (await client.get(url)).text
        await transport.aclose()
        return answer

    assert asyncio.run(ask()) == "here"
