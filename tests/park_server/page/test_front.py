"""The files of the page: whom they are answered to, and what they may do in a browser."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from park_server.page.front import POLICY, STATIC, PagesFiles

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("behind", 418)(scope, receive, send)


client = TestClient(PagesFiles(behind))


def test_a_browser_gets_the_page_and_a_program_what_is_behind() -> None:
    page = client.get("/", headers=BROWSER)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert client.get("/", headers={"Accept": "*/*"}).text == "behind"
    assert client.post("/", headers=BROWSER).text == "behind"
    assert client.get("/simple/", headers=BROWSER).text == "behind"


@pytest.mark.parametrize(
    "path",
    [
        "/page/../front.py",
        "/page/%2e%2e/front.py",
        "/page/..%2ffront.py",
        "/page//etc/passwd",
        "/page/.hidden",
        "/page/none.js",
        "/page/",
        "/page",
        "/page/views",
        "/page/main.js%00",
    ],
)
def test_nothing_else_is_read(path: str) -> None:
    assert client.get(path, headers=BROWSER).text == "behind"


def test_a_file_says_what_it_may_and_is_asked_for_again() -> None:
    answer = client.get("/page/main.js")
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-cache"
    assert "javascript" in answer.headers["content-type"]
    again = client.get("/page/main.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_no_script_is_written_in_the_page_and_nothing_comes_from_elsewhere() -> None:
    assert "unsafe" not in POLICY
    assert "default-src 'none'" in POLICY
    html = (STATIC / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*src=)", html) == []
    assert re.findall(r"\son\w+=|style=|https?://", html) == []


def test_no_code_of_the_page_makes_markup_of_text_or_code_of_it() -> None:
    sinks = re.compile(r"(inner|outer|insertAdjacent)HTML|document\.write|\beval\(|Function\(")
    found = {
        path.name: sinks.findall(path.read_text(encoding="utf-8"))
        for path in STATIC.rglob("*.js")
        if path.parent.name != "vendor" and path.name != "readme.js"
    }
    assert {name: each for name, each in found.items() if each} == {}


def test_every_file_that_a_module_imports_is_there() -> None:
    for path in STATIC.rglob("*.js"):
        if path.parent.name == "vendor":
            continue
        text = path.read_text(encoding="utf-8")
        for wanted in re.findall(r"""(?:from|import\() ?["'](\.[^"']+)["']""", text):
            assert (path.parent / wanted).resolve().is_file(), (path.name, wanted)


def test_what_is_vendored_is_what_its_record_says() -> None:
    vendor = STATIC / "vendor"
    recorded = {
        name: file["sha256"]
        for library in json.loads((vendor / "vendored.json").read_text(encoding="utf-8"))
        for name, file in library["files"].items()
    }
    there = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.iterdir()
        if path.name != "vendored.json"
    }
    assert there == recorded
    for library in json.loads((vendor / "vendored.json").read_text(encoding="utf-8")):
        assert library["version"]
        assert any(name.endswith(".LICENSE") for name in library["files"]), library["name"]
