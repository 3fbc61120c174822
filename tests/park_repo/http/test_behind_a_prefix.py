"""Behind a proxy that removes a path prefix every link of the index leads back through it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx2
import pytest
from starlette.testclient import TestClient
from support.material.wheels import make_wheel
from support.neighbours.index_server import application, opened_index

from park_repo.negotiation import HTML, JSON
from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = "https://lab.example.org/park"

TREE = "1.0+t0123456789abcdef"

PAGE_OF_SIX = {
    "meta": {"api-version": "1.1"},
    "name": "six",
    "files": [
        {
            "filename": "six-1.0-py3-none-any.whl",
            "url": "https://files.example/six-1.0-py3-none-any.whl",
            "hashes": {"sha256": "0" * 64},
            "size": 1,
        }
    ],
}


def upstream(request: httpx2.Request) -> httpx2.Response:
    if request.url.path == "/simple/six/":
        return httpx2.Response(200, json=PAGE_OF_SIX, headers={"Content-Type": JSON})
    return httpx2.Response(404)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    behind = httpx2.AsyncClient(transport=httpx2.MockTransport(upstream))
    with opened_index(
        tmp_path / "index", upstream=Upstream("https://up.example/simple", client=behind)
    ) as index:
        headers = {"Authorization": "Bearer ada-token"}
        client = TestClient(application(index), headers=headers, follow_redirects=False)
        for version in ("1.0", TREE):
            wheel = make_wheel(tmp_path, version=version)
            form = {":action": "file_upload", "protocol_version": "1"}
            files = {"content": (wheel.name, wheel.read_bytes())}
            assert client.post("/legacy/", data=form, files=files).status_code == 200
        yield client


def through(client: TestClient, url: str, **headers: str) -> httpx2.Response:
    """Ask for ``url`` as users see it, through the proxy."""
    assert url.startswith(f"{PREFIX}/"), f"{url} does not lead through the proxy"
    answer = client.get(url.removeprefix(PREFIX), headers=headers)
    return httpx2.Response(answer.status_code, content=answer.content, headers=answer.headers)


def links(answer: httpx2.Response) -> list[str]:
    if "json" in answer.headers["content-type"]:
        return [str(file["url"]) for file in answer.json()["files"]]
    return re.findall(r'href="([^"]+)"', answer.text)


@pytest.mark.parametrize("form", [JSON, HTML])
@pytest.mark.parametrize("page", ["simple/demo/", "trees/simple/demo/", "simple/six/"])
def test_files_are_found_by_the_links_of_a_page(client: TestClient, page: str, form: str) -> None:
    url = f"{PREFIX}/{page}"
    found = links(through(client, url, Accept=form))
    assert len(found) == 1
    target = str(httpx2.URL(url).join(found[0].partition("#")[0]))
    assert target.startswith(f"{PREFIX}/files/")
    if "six" not in page:
        assert through(client, target).status_code == 200
        assert through(client, f"{target}.metadata").status_code == 200


def test_projects_are_found_by_the_links_of_the_list(client: TestClient) -> None:
    for page in ("simple/", "trees/simple/"):
        url = f"{PREFIX}/{page}"
        (link,) = links(through(client, url, Accept=HTML))
        assert through(client, str(httpx2.URL(url).join(link))).status_code == 200


@pytest.mark.parametrize("path", ["simple/Demo/", "simple/demo", "trees/simple/DEMO/"])
def test_redirects_stay_behind_the_proxy(client: TestClient, path: str) -> None:
    url = f"{PREFIX}/{path}"
    answer = through(client, url)
    assert answer.status_code == 301
    target = str(httpx2.URL(url).join(answer.headers["location"]))
    assert through(client, target).status_code == 200
