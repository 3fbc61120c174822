"""The front answers what is ready exactly as the routes would, and passes on all else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
import pytest
from packaging.utils import NormalizedName
from starlette.testclient import TestClient
from support.material.wheels import make_wheel
from support.neighbours.index_server import add_file, application, opened_index

from park_repo.file_records import PROJECTS
from park_repo.http.front import PageFront
from park_repo.index import Index
from park_repo.negotiation import HTML, JSON
from park_repo.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

ADA = {"Authorization": "Bearer ada-token", "Accept": JSON}
DEMO = NormalizedName("demo")


class Watched:
    """An application that counts the requests that reach it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += scope["type"] == "http"
        await self.app(scope, receive, send)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with opened_index(tmp_path / "index") as index:
        add_file(index, make_wheel(tmp_path))
        yield index


@pytest.fixture
def behind(index: Index) -> Watched:
    return Watched(application(index))


@pytest.fixture
def client(index: Index, behind: Watched) -> TestClient:
    return TestClient(PageFront(behind, index), headers=ADA, follow_redirects=False)


def test_a_page_is_built_once_and_then_answered_in_front(
    client: TestClient, behind: Watched
) -> None:
    for accept in (JSON, HTML, "*/*", f"text/html;q=0.5, {JSON};q=0.1"):
        headers = {"Accept": accept}
        first, second = (client.get("/simple/demo/", headers=headers) for _ in range(2))
        assert (first.status_code, first.content) == (second.status_code, second.content)
        assert dict(first.headers) == dict(second.headers)
        known = {**headers, "If-None-Match": first.headers["etag"]}
        unchanged = client.get("/simple/demo/", headers=known)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert "content-length" not in unchanged.headers
    assert behind.requests == 3  # the fourth Accept is a second one for text/html


def test_a_change_is_seen_at_once(client: TestClient, index: Index, tmp_path: Path) -> None:
    for version in ("1.1", "1.2"):
        client.get("/simple/demo/")
        add_file(index, make_wheel(tmp_path, version=version))
        assert version in client.get("/simple/demo/").json()["versions"]
    asyncio.run(index.curator.yank(DEMO, "1.1", "why"))
    assert "why" in [file["yanked"] for file in client.get("/simple/demo/").json()["files"]]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/simple/Demo/", 301), ("/simple/demo", 301), ("/simple/", 200), ("/simple/nowhere/", 404),
     ("/simple/demo/x/", 404)],
)  # fmt: skip
def test_all_else_is_passed_on(client: TestClient, behind: Watched, path: str, status: int) -> None:
    client.get("/simple/demo/")
    assert client.get(path).status_code == status
    assert behind.requests == 2


def test_other_methods_and_what_fits_nothing_are_passed_on(
    client: TestClient, behind: Watched
) -> None:
    client.get("/simple/demo/")
    assert client.post("/simple/demo/").status_code == 405
    assert client.get("/simple/demo/", headers={"Accept": "image/png"}).status_code == 406
    head = client.head("/simple/demo/")
    assert (head.status_code, int(head.headers["content-length"]) > 0) == (200, True)
    assert behind.requests == 4


def test_a_page_that_was_built_before_a_change_is_not_kept(index: Index) -> None:
    """The change is committed while the page is built: whoever asks later gets a new one."""

    async def race() -> tuple[bytes, bytes]:
        build = index.pages._build

        def build_and_change(*args: object) -> object:
            page = build(*args)  # type: ignore[arg-type]  # handed on as they came
            asyncio.run_coroutine_threadsafe(index.curator.yank(DEMO, "1.0", "x"), loop).result()
            return page

        loop = asyncio.get_running_loop()
        index.pages._build = build_and_change  # type: ignore[method-assign,assignment]
        old = await index.pages.page(PROJECTS, DEMO, JSON)
        index.pages._build = build  # type: ignore[method-assign]
        assert index.pages.ready(PROJECTS, DEMO, JSON) is None
        new = await index.pages.page(PROJECTS, DEMO, JSON)
        assert old is not None
        assert new is not None
        return old.body, new.body

    old, new = asyncio.run(race())
    assert (b'"yanked":false' in old, b'"yanked":"x"' in new) == (True, True)


def test_pages_are_built_once_for_all_who_ask_meanwhile(index: Index) -> None:
    async def ask() -> int:
        built = 0
        build = index.pages._build

        def counted(*args: object) -> object:
            nonlocal built
            built += 1
            return build(*args)  # type: ignore[arg-type]  # handed on as they came

        index.pages._build = counted  # type: ignore[method-assign,assignment]
        asked = (index.pages.page(PROJECTS, DEMO, JSON) for _ in range(5))
        assert len({id(page) for page in await asyncio.gather(*asked)}) == 1
        return built

    assert asyncio.run(ask()) == 1


def test_the_memory_for_pages_is_limited(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    from park_repo import pages as module

    async def fill() -> Pages:
        for media_type in (JSON, HTML):
            await index.pages.page(PROJECTS, DEMO, media_type)
        return index.pages

    monkeypatch.setattr(module, "_KEPT_BYTES", 700)
    pages = asyncio.run(fill())
    kept = [pages.ready(PROJECTS, DEMO, media_type) for media_type in (JSON, HTML)]
    assert [page is not None for page in kept] == [False, True]


def test_nothing_is_answered_in_front_of_an_external_index(index: Index) -> None:
    index.external = object()  # type: ignore[assignment]  # only that there is one matters
    front = PageFront(application(index), index)
    asyncio.run(index.pages.page(PROJECTS, DEMO, JSON))
    assert front._ready({"method": "GET", "path": "/simple/demo/"}, JSON) is None


def test_a_request_may_say_accept_twice(client: TestClient) -> None:
    client.get("/simple/demo/")
    headers = httpx2.Headers([("accept", "image/png"), ("accept", JSON)])
    assert client.get("/simple/demo/", headers=headers).status_code == 200


def test_a_large_page_is_packed_in_front_and_behind(
    client: TestClient, behind: Watched, index: Index, tmp_path: Path
) -> None:
    for number in range(12):
        add_file(index, make_wheel(tmp_path, version=f"2.{number}"))
    first, second = (client.get("/simple/demo/", headers={"Accept-Encoding": "gzip"}) for _ in "ab")
    assert behind.requests == 1
    plain = client.get("/simple/demo/", headers={"Accept-Encoding": "identity"})
    assert first.content == second.content == plain.content
    for answer in (first, second):
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) < len(plain.content)
    assert "content-encoding" not in plain.headers
    known = {"Accept-Encoding": "gzip", "If-None-Match": first.headers["etag"]}
    unchanged = client.get("/simple/demo/", headers=known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
