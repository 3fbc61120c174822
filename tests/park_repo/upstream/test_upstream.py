from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx2
import pytest
from packaging.utils import NormalizedName

import park
from park.errors import UpstreamFault
from park_repo.negotiation import JSON
from park_repo.upstream import upstream as module
from park_repo.upstream.html_pages import parse_html_page
from park_repo.upstream.kept_pages import KeptPages
from park_repo.upstream.remote_pages import led_through_here
from park_repo.upstream.upstream import RemoteProject, Upstream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from park_repo.simple import Document

DEMO = NormalizedName("demo")
URL = "https://mirror.example/root/simple/"
PAGE = {
    "meta": {"api-version": "1.1"},
    "name": "demo",
    "files": [{"filename": "demo-1.0-py3-none-any.whl", "url": "../../f/demo.whl", "hashes": {}}],
}


class Mirror:
    """An upstream in memory: answers with ``answer`` and keeps what it was asked."""

    def __init__(
        self,
        answer: Callable[[httpx2.Request], httpx2.Response],
        kept: KeptPages | None = None,
    ) -> None:
        self.asked: list[httpx2.Request] = []
        self.answer = answer
        self.now = 0.0
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(self._handle))
        self.upstream = Upstream(URL, client=client, kept=kept, clock=lambda: self.now)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return self.answer(request)

    def get(self, name: NormalizedName = DEMO) -> RemoteProject | None:
        return asyncio.run(self.upstream.project(name))

    def page(self) -> Document:
        project = self.get()
        assert project is not None
        return project.document


def page(_request: httpx2.Request) -> httpx2.Response:
    headers = {"content-type": JSON, "etag": '"1"'}
    return httpx2.Response(200, content=json.dumps(PAGE), headers=headers)


def test_json_pages_come_with_absolute_urls() -> None:
    mirror = Mirror(page)
    document = mirror.page()
    assert document["files"][0]["url"] == "https://mirror.example/root/f/demo.whl"
    assert str(mirror.asked[0].url) == f"{URL}demo/"
    assert mirror.asked[0].headers["accept"].startswith(JSON)


def test_html_pages_become_the_same_documents() -> None:
    text = """<!DOCTYPE html><a href="../../f/demo-1.0%2Bcpu-py3-none-any.whl#sha256=ab"
      data-requires-python="&gt;=3.11" data-core-metadata="sha256=cd" data-yanked>x</a>
      <a href="/f/demo-1.0.tar.gz" data-dist-info-metadata="true">y</a><a name="top">z</a>"""
    assert parse_html_page(text, f"{URL}demo/", DEMO) == {
        "meta": {"api-version": "1.0"},
        "name": "demo",
        "files": [
            {
                "filename": "demo-1.0+cpu-py3-none-any.whl",
                "url": "https://mirror.example/root/f/demo-1.0%2Bcpu-py3-none-any.whl",
                "hashes": {"sha256": "ab"},
                "yanked": True,
                "requires-python": ">=3.11",
                "core-metadata": {"sha256": "cd"},
            },
            {
                "filename": "demo-1.0.tar.gz",
                "url": "https://mirror.example/f/demo-1.0.tar.gz",
                "hashes": {},
                "yanked": False,
                "core-metadata": True,
            },
        ],
    }


def test_html_is_taken_where_upstream_has_no_json() -> None:
    mirror = Mirror(lambda _: httpx2.Response(200, html='<a href="demo-1.0.tar.gz">x</a>'))
    document = mirror.page()
    assert document["files"][0]["url"] == f"{URL}demo/demo-1.0.tar.gz"


def test_a_missing_project_is_none_and_is_remembered() -> None:
    mirror = Mirror(lambda _: httpx2.Response(404))
    assert mirror.get() is None
    assert mirror.get() is None
    assert len(mirror.asked) == 1


def test_a_page_is_fresh_for_a_while_then_asked_for_by_its_etag() -> None:
    mirror = Mirror(page)
    first = mirror.get()
    mirror.now = 9.9
    assert mirror.get() is first
    assert len(mirror.asked) == 1
    mirror.now, mirror.answer = 10.0, lambda _: httpx2.Response(304)
    assert mirror.get() is first
    assert mirror.asked[1].headers["if-none-match"] == '"1"'
    mirror.now = 19.9
    assert mirror.get() is first
    assert len(mirror.asked) == 2


def test_the_cache_forgets_what_was_used_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 2 * (len(json.dumps(PAGE)) + module._EMPTY_BYTES))
    mirror = Mirror(page)
    for name in ("a", "b", "a", "c", "a", "b"):
        mirror.get(NormalizedName(name))
    assert [str(request.url)[-2] for request in mirror.asked] == ["a", "b", "c", "b"]


def broken(_request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("refused")


def silent(_request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ReadTimeout("")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (broken, "did not answer: refused"),
        (silent, "did not answer: ReadTimeout"),
        (lambda _: httpx2.Response(500), "answered 500"),
        (lambda _: httpx2.Response(401), "answered 401"),
        (lambda _: httpx2.Response(304), "answered 304"),
        (lambda _: httpx2.Response(200, text="hello"), "answered with 'text/plain'"),
        (
            lambda _: httpx2.Response(200, content=b"{", headers={"content-type": JSON}),
            "sent a page that cannot be read",
        ),
        (
            lambda _: httpx2.Response(200, content=b"[]", headers={"content-type": JSON}),
            "sent a page that cannot be read",
        ),
    ],
)
def test_any_other_answer_is_a_fault_and_is_not_remembered(
    answer: Callable[[httpx2.Request], httpx2.Response], reason: str
) -> None:
    mirror = Mirror(answer)
    with pytest.raises(UpstreamFault, match=reason):
        mirror.get()
    mirror.answer = page
    assert mirror.get() is not None


@pytest.mark.parametrize("away", [broken, silent, lambda _: httpx2.Response(503)])
def test_a_page_that_is_held_stands_in_while_the_index_is_away(
    away: Callable[[httpx2.Request], httpx2.Response], caplog: pytest.LogCaptureFixture
) -> None:
    mirror = Mirror(page)
    first = mirror.get()
    assert first is not None
    mirror.now, mirror.answer = 1000.0, away
    assert mirror.get() == first
    assert mirror.get() == first
    assert len(mirror.asked) == 2, "nor is it asked for each time"
    assert caplog.text.count("its page of demo is served as it was") == 1
    mirror.now, mirror.answer = 2000.0, lambda _: httpx2.Response(404)
    assert mirror.get() is None


def test_a_page_stands_in_after_a_start_in_an_outage(tmp_path: Path) -> None:
    kept = KeptPages(tmp_path, URL)
    before = Mirror(page, kept).page()
    for _ in range(2):
        after = Mirror(broken, KeptPages(tmp_path, URL))
        assert after.page() == before
    after.now, after.answer = 1000.0, lambda _: httpx2.Response(304)
    assert after.page() == before
    assert after.asked[-1].headers["if-none-match"] == '"1"'
    after.now, after.answer = 2000.0, lambda _: httpx2.Response(404)
    assert after.get() is None
    with pytest.raises(UpstreamFault, match="did not answer"):
        Mirror(broken, KeptPages(tmp_path, URL)).get()


def test_what_was_just_changed_there_is_not_served_as_it_was(tmp_path: Path) -> None:
    mirror = Mirror(page, KeptPages(tmp_path, URL))
    mirror.get()
    mirror.upstream.forget(DEMO)
    mirror.answer = broken
    with pytest.raises(UpstreamFault, match="did not answer"):
        mirror.get()


def test_an_index_that_refuses_or_has_no_such_project_is_not_away() -> None:
    mirror = Mirror(page)
    mirror.get()
    mirror.now, mirror.answer = 1000.0, lambda _: httpx2.Response(403)
    with pytest.raises(UpstreamFault, match="answered 403"):
        mirror.get()
    mirror.answer = lambda _: httpx2.Response(404)
    assert mirror.get() is None
    mirror.now, mirror.answer = 2000.0, broken
    with pytest.raises(UpstreamFault, match="did not answer"):
        mirror.get()


def test_another_major_version_of_the_api_is_a_fault() -> None:
    document = PAGE | {"meta": {"api-version": "2.0"}}
    mirror = Mirror(lambda _: httpx2.Response(200, json=document, headers={"content-type": JSON}))
    with pytest.raises(UpstreamFault, match=r"simple API is 2\.0; expected 1\.x"):
        mirror.get()


def test_files_without_sha256_are_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    Mirror(page).get()
    (line,) = (record.getMessage() for record in caplog.records)
    assert f"{URL}demo/ lists demo-1.0-py3-none-any.whl, not offered here" in line
    assert "no sha256" in line


def test_the_index_sees_who_asks() -> None:
    mirror = Mirror(page)
    mirror.get()
    assert mirror.asked[0].headers["user-agent"] == f"park-dist/{park.__version__}"


def test_a_page_that_several_ask_for_at_once_is_asked_for_once() -> None:
    mirror = Mirror(page)

    async def ask() -> None:
        asked = (mirror.upstream.project(DEMO) for _ in range(5))
        assert len({id(project) for project in await asyncio.gather(*asked)}) == 1

    asyncio.run(ask())
    assert len(mirror.asked) == 1


def test_what_clients_see_leads_through_here() -> None:
    files = [
        {
            "filename": "demo-1.0-py3-none-any.whl",
            "url": "https://files.example/x/demo.whl",
            "hashes": {"sha256": "AB" * 32},
            "data-dist-info-metadata": {"sha256": "cd" * 32},
            "dist-info-metadata": {"sha256": "cd" * 32},
            "provenance": "https://files.example/x/demo.provenance",
        },
        {"filename": "demo-0.9.tar.gz", "url": "y", "hashes": {"md5": "0"}, "core-metadata": True},
    ]
    document = {"meta": {"api-version": "1.4"}, "name": "demo", "files": files}
    shown = led_through_here(document, DEMO, files_url="../../files/upstream/")
    assert shown["files"] == [
        {
            "filename": "demo-1.0-py3-none-any.whl",
            "url": f"../../files/upstream/demo/{'ab' * 32}/demo-1.0-py3-none-any.whl",
            "hashes": {"sha256": "ab" * 32},
            "core-metadata": {"sha256": "cd" * 32},
        },
    ]


@pytest.mark.parametrize("media_type", [JSON, "text/html"])
def test_a_name_that_no_tool_gives_is_not_offered_and_said(
    media_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    names = [r"c:\demo-1.0.tar.gz", "demo-1.0\u202e.tar.gz", "demo-1.0.tar.gz"]
    digest = "ab" * 32

    def answer(_request: httpx2.Request) -> httpx2.Response:
        files = [{"filename": n, "url": f"f/{n}", "hashes": {"sha256": digest}} for n in names]
        text = json.dumps({"files": files})
        if media_type != JSON:
            text = "".join(f'<a href="f/{quote(name)}#sha256={digest}">x</a>' for name in names)
        return httpx2.Response(
            200, content=text.encode(), headers={"content-type": f"{media_type}; charset=utf-8"}
        )

    shown = led_through_here(Mirror(answer).page(), DEMO, files_url="up/")
    assert [file["filename"] for file in shown["files"]] == ["demo-1.0.tar.gz"]
    assert [(each["filename"], each["reason"]) for each in shown["_not-listed"]] == [
        (r"c:\demo-1.0.tar.gz", "no tool gives a file a name with ':' in it"),
        (
            r"demo-1.0\u202e.tar.gz",
            "no tool gives a file a name with characters that cannot be printed",
        ),
    ]
    assert "and 1 more, not offered here: no tool gives a file a name" in caplog.text


@pytest.mark.parametrize("stays_home", [True, False])
def test_a_redirect_elsewhere_is_no_project_where_it_stays_home(stays_home: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "elsewhere.example":
            return page(request)
        if request.url.path == "/simple/demo/":
            return httpx2.Response(302, headers={"location": "/moved/demo/"})
        return httpx2.Response(302, headers={"location": "https://elsewhere.example/demo/"})

    async def ask() -> RemoteProject | None:
        transport = httpx2.MockTransport(answer)
        client = httpx2.AsyncClient(transport=transport)
        return await Upstream(
            "https://mirror.example/simple", stays_home=stays_home, client=client
        ).project(DEMO)

    assert (asyncio.run(ask()) is None) == stays_home


def test_redirects_without_end_are_a_fault() -> None:
    client = httpx2.AsyncClient(
        transport=httpx2.MockTransport(
            lambda r: httpx2.Response(302, headers={"location": f"{r.url.path}x/"})
        )
    )
    with pytest.raises(UpstreamFault, match="redirects without end"):
        asyncio.run(Upstream(URL, stays_home=True, client=client).project(DEMO))


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(
            200, json={"projects": [{"name": "Demo_x"}]}, headers={"content-type": JSON}
        ),
        httpx2.Response(200, html='<a href="/simple/demo-x/">Demo_x</a>'),
    ],
)
def test_the_names_of_all_projects_are_normalised(response: httpx2.Response) -> None:
    mirror = Mirror(lambda _: response)
    assert asyncio.run(mirror.upstream.names()) == ["demo-x"]
