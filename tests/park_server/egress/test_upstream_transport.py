"""An index upstream is reached where its operator named it; what it leads to is nobody's word."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from packaging.utils import NormalizedName
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from support.neighbours.index_server import serving

from park.errors import NotPermitted, UpstreamFault
from park_repo.negotiation import JSON
from park_repo.upstream.remote_files import RemoteFiles
from park_repo.upstream.upstream import Upstream
from park_server.egress.addresses import AddressPolicy
from park_server.egress.upstream_transport import index_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator
    from pathlib import Path

SECRET = b"the credentials of this machine"
DIGEST = hashlib.sha256(SECRET).hexdigest()
DEMO = NormalizedName("demo")
NAME = "demo-1.0.tar.gz"


@pytest.fixture
def inside() -> Iterator[tuple[str, list[str]]]:
    """Give a server that nobody upstream may lead to, and what it was asked."""
    asked: list[str] = []

    def answer(request: Any) -> Response:
        asked.append(request.url.path)
        return Response(SECRET)

    with serving(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        yield url, asked


@pytest.fixture
def upstream_url(inside: tuple[str, list[str]]) -> Iterator[str]:
    """Give an index whose pages lead inside: by a file's URL, and by redirects."""

    def page(request: Any) -> Response:
        if request.path_params["name"] == "moved":
            return RedirectResponse(f"{inside[0]}/simple/moved/")
        file = {"filename": NAME, "hashes": {"sha256": DIGEST}}
        file["url"] = "/file" if request.path_params["name"] == "redirected" else f"{inside[0]}/f"
        answer = {"meta": {"api-version": "1.1"}, "name": "demo", "files": [file]}
        return JSONResponse(answer, media_type=JSON)

    routes = [
        Route("/simple/{name}/", page),
        Route("/file", lambda _: RedirectResponse(f"{inside[0]}/f")),
    ]
    with serving(Starlette(routes=routes)) as url:
        yield f"{url}/simple/"


def _ask(
    url: str, folder: Path, ask: Callable[[Upstream, RemoteFiles], Awaitable[Any]], *allowed: str
) -> Any:
    async def within() -> Any:
        upstream = Upstream(url, client=index_client(AddressPolicy.of(allowed), url))
        files = RemoteFiles(folder, upstream.project)
        try:
            return await ask(upstream, files)
        finally:
            await files.aclose()
            await upstream.aclose()

    return asyncio.run(within())


@pytest.mark.parametrize("project", ["demo", "redirected"])
def test_a_file_elsewhere_is_not_fetched_from_inside(
    project: str, upstream_url: str, inside: tuple[str, list[str]], tmp_path: Path
) -> None:
    with pytest.raises(UpstreamFault, match=r"upstream leads to .* does not connect to") as caught:
        _ask(
            upstream_url,
            tmp_path,
            lambda _, files: files.whole(NormalizedName(project), DIGEST, NAME),
        )
    assert "--allow-address 127.0.0.1" in str(caught.value.hint)
    assert inside[1] == []


def test_a_page_that_redirects_inside_is_not_followed(
    upstream_url: str, inside: tuple[str, list[str]], tmp_path: Path
) -> None:
    with pytest.raises(UpstreamFault, match="upstream leads to"):
        _ask(upstream_url, tmp_path, lambda upstream, _: upstream.project(NormalizedName("moved")))
    assert inside[1] == []


@pytest.mark.parametrize("project", ["demo", "redirected"])
def test_what_the_operator_allows_is_fetched(
    project: str, upstream_url: str, inside: tuple[str, list[str]], tmp_path: Path
) -> None:
    allowed = inside[0].removeprefix("http://")
    found = _ask(
        upstream_url,
        tmp_path,
        lambda _, files: files.whole(NormalizedName(project), DIGEST, NAME),
        allowed,
    )
    assert found.read_bytes() == SECRET


@pytest.mark.parametrize(
    ("index", "elsewhere"),
    [
        ("http://index.invalid/simple/", "http://files.invalid/f"),
        ("http://index.invalid/simple/", "http://index.invalid:8080/f"),
        ("https://pypi.org/simple/", "https://files.pythonhosted.org:444/f"),
    ],
)
def test_the_proxy_of_the_environment_is_for_the_operators_own_alone(
    index: str, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    async def statuses(proxy: str) -> list[Any]:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy)
        async with index_client(AddressPolicy.of(["named.invalid:80"]), index) as client:
            own = [index] if index.startswith("http:") else []
            found: list[Any] = [
                (await client.get(url)).text for url in (*own, "http://named.invalid/")
            ]
            with pytest.raises((httpx2.TransportError, NotPermitted)):
                await client.get(elsewhere)
            return found

    proxy = Starlette(routes=[Route("/{path:path}", lambda _: PlainTextResponse("by proxy"))])
    with serving(proxy) as url:
        assert set(asyncio.run(statuses(url))) == {"by proxy"}


def test_the_authorities_of_the_machine_are_read_beside_the_loop(
    inside: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = inside
    threads: list[int] = []

    class Noted(httpx2.AsyncHTTPTransport):
        def __init__(self, **given: Any) -> None:
            threads.append(threading.get_ident())
            super().__init__(**given)

    async def ask() -> None:
        async with index_client(AddressPolicy(), url) as client:
            monkeypatch.setattr(httpx2, "AsyncHTTPTransport", Noted)
            answers = await asyncio.gather(client.get(f"{url}/a"), client.get(f"{url}/b"))
            assert [answer.content for answer in answers] == [SECRET, SECRET]

    asyncio.run(ask())
    assert threading.get_ident() not in threads
    assert threads
