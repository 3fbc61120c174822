"""The index upstream is reached through the proxy that the machine is set to."""

import asyncio

import pytest
from packaging.utils import NormalizedName
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from support.neighbours.index_server import serving

from park_repo.negotiation import JSON
from park_repo.upstream.upstream import Upstream


class Proxy:
    """A proxy that answers in the place of the one host that it is asked for."""

    def __init__(self) -> None:
        self.hosts: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a page without files."""
        if scope["type"] != "http":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.hosts.append(Request(scope).headers["host"])
        page = {"meta": {"api-version": "1.1"}, "name": "six", "files": []}
        response: Response = JSONResponse(page, media_type=JSON)
        await response(scope, receive, send)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy"])
def test_the_proxy_of_the_environment_leads_to_upstream(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    async def project() -> bool:
        upstream = Upstream("http://index.invalid/simple/")
        try:
            return await upstream.project(NormalizedName("six")) is not None
        finally:
            await upstream.aclose()

    proxy = Proxy()
    with serving(proxy) as url:
        monkeypatch.setenv(variable, url)
        assert asyncio.run(project())
    assert proxy.hosts == ["index.invalid"]
