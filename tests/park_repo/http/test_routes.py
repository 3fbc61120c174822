from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from packaging.utils import NormalizedName
from starlette.testclient import TestClient
from support.material.wheels import make_wheel
from support.neighbours.index_server import application, opened_index

from park.digests import file_sha256
from park_repo.index import Index
from park_repo.negotiation import HTML, JSON
from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

TREE = "1.0+t0123456789abcdef"
ADA = {"Authorization": "Bearer ada-token"}
BOB = {"Authorization": "Bearer bob-token"}
SIX = b"the bytes of six"
SIX_SHA256 = hashlib.sha256(SIX).hexdigest()
SIX_PATH = f"/files/upstream/six/{SIX_SHA256}/six-1.0-py3-none-any.whl"
FORM = {":action": "file_upload", "protocol_version": "1"}


async def streamed(content: bytes) -> AsyncIterator[bytes]:
    yield content


class Asked:
    """An upstream in memory that has one project, ``six``, and keeps what it was asked."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.fails = False

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.paths.append(request.url.path)
        if self.fails:
            return httpx2.Response(503)
        if request.url.path == "/f/six.whl":
            return httpx2.Response(200, content=streamed(SIX))
        if request.url.path != "/simple/six/":
            return httpx2.Response(404)
        hashes = {"sha256": SIX_SHA256}
        file = {"filename": "six-1.0-py3-none-any.whl", "url": "/f/six.whl", "hashes": hashes}
        page = {"meta": {"api-version": "1.1"}, "name": "six", "files": [file]}
        return httpx2.Response(200, content=json.dumps(page), headers={"content-type": JSON})


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def index(tmp_path: Path, asked: Asked) -> Iterator[Index]:
    transport = httpx2.MockTransport(asked.answer)
    upstream = Upstream("https://up.example/simple", client=httpx2.AsyncClient(transport=transport))
    with opened_index(tmp_path / "index", upstream=upstream, max_upload_bytes=5000) as index:
        yield index


@pytest.fixture
def client(index: Index) -> TestClient:
    headers = {**ADA, "Accept": JSON}
    return TestClient(application(index), headers=headers, follow_redirects=False)


def upload(client: TestClient, wheel: Path, headers: Any = None, **fields: str) -> httpx2.Response:
    file = (wheel.name, wheel.read_bytes())
    answer = client.post("/legacy/", data=FORM | fields, files={"content": file}, headers=headers)
    return httpx2.Response(answer.status_code, content=answer.content, headers=answer.headers)


@pytest.mark.parametrize("path", ["/simple/demo/", "/trees/simple/demo/", "/simple/six/"])
def test_what_is_refused_by_its_digest_is_listed_on_no_page(
    client: TestClient, index: Index, tmp_path: Path, path: str
) -> None:
    version = TREE if path.startswith("/trees") else "1.0"
    wheel = make_wheel(tmp_path, version=version)
    upload(client, wheel)
    sha256 = SIX_SHA256 if "six" in path else file_sha256(wheel)
    assert [file["hashes"]["sha256"] for file in client.get(path).json()["files"]] == [sha256]
    assert "<a href" in client.get(path, headers={"Accept": HTML}).text
    index.refused.add(sha256)
    asyncio.run(index.curator.yank_file(sha256, "quarantined"))
    page = client.get(path).json()
    (told,) = page["_not-listed"]
    assert (page["files"], told["reason"]) == ([], "it is quarantined on this service")
    assert page.get("versions", []) == []
    as_html = client.get(path, headers={"Accept": HTML}).text
    assert "<a href" not in as_html
    assert "not listed: " in as_html


def test_an_upload_is_on_the_pages_and_its_content_can_be_fetched(
    client: TestClient, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path)
    sha256 = file_sha256(wheel)
    answer = upload(client, wheel, sha256_digest=sha256, name="demo", version="1.0")
    assert answer.json() == {
        "filename": wheel.name, "sha256": sha256, "layer": "projects", "new": True,
    }  # fmt: skip
    assert client.get("/simple/").json()["projects"] == [{"name": "demo"}]
    (file,) = client.get("/simple/demo/").json()["files"]
    content = client.get(str(httpx2.URL("http://x/simple/demo/").join(file["url"]).path))
    assert content.content == wheel.read_bytes()
    metadata = client.get(f"/files/{sha256}/{wheel.name}.metadata")
    assert hashlib.sha256(metadata.content).hexdigest() == file["core-metadata"]["sha256"]


def test_the_same_again_is_fine_and_other_bytes_are_a_conflict(
    client: TestClient, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path)
    assert upload(client, wheel).json()["new"]
    again = upload(client, wheel)
    assert (again.status_code, again.json()["new"]) == (200, False)
    other = upload(client, make_wheel(tmp_path, files={"demo.py": b"other"}))
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"
    assert "new version" in other.json()["hint"]


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({":action": "submit"}, 400, ":action is 'submit'"),
        ({"protocol_version": "2"}, 400, "protocol_version is '2'"),
        ({"sha256_digest": "0" * 64}, 400, "sha256_digest: expected 0000"),
        ({"blake2_256_digest": "0" * 64}, 400, "blake2_256_digest: expected 0000"),
        ({"name": "other"}, 400, "project is 'other'"),
    ],
)
def test_a_wrong_form_is_refused_with_its_reason(
    client: TestClient, tmp_path: Path, fields: dict[str, str], status: int, reason: str
) -> None:
    answer = upload(client, make_wheel(tmp_path), **fields)
    assert answer.status_code == status
    assert reason in answer.json()["detail"]
    assert client.get("/simple/").json()["projects"] == []


def test_a_file_over_the_limit_is_refused(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "demo-1.0-py3-none-any.whl").write_bytes(bytes(5001))
    answer = upload(client, tmp_path / "demo-1.0-py3-none-any.whl")
    assert (answer.status_code, "limit of 5,000 bytes" in answer.json()["detail"]) == (413, True)


def test_trees_are_on_their_own_pages_for_their_owner_alone(
    client: TestClient, tmp_path: Path, asked: Asked
) -> None:
    wheel = make_wheel(tmp_path, version=TREE)
    sha256 = upload(client, wheel).json()["sha256"]
    assert client.get("/trees/simple/").json()["projects"] == [{"name": "demo"}]
    page = client.get("/trees/simple/demo/").json()
    assert page["versions"] == [TREE]
    url = httpx2.URL("http://x/trees/simple/demo/").join(page["files"][0]["url"])
    assert client.get(url.raw_path.decode()).content == wheel.read_bytes()
    assert client.get("/trees/simple/", headers=BOB).json()["projects"] == []
    for path in ("/trees/simple/demo/", f"/files/{sha256}/{wheel.name}"):
        assert client.get(path, headers=BOB).status_code == 404
    assert client.get("/simple/demo/").status_code == 404
    assert set(asked.paths) <= {"/simple/demo/"}


def test_names_that_are_not_owned_come_from_upstream(client: TestClient, asked: Asked) -> None:
    (file,) = client.get("/simple/six/").json()["files"]
    assert file["url"] == f"../..{SIX_PATH}"
    page = client.get("/simple/six/", headers={"Accept": HTML})
    assert f'href="../..{SIX_PATH}#sha256={SIX_SHA256}"'.encode() in page.content
    assert client.get("/simple/nowhere/").status_code == 404
    assert set(asked.paths) == {"/simple/six/", "/simple/nowhere/"}


def test_files_of_upstream_come_through_here_once(client: TestClient, asked: Asked) -> None:
    for _ in range(2):
        answer = client.get(SIX_PATH)
        assert (answer.status_code, answer.content) == (200, SIX)
        assert answer.headers["etag"] == f'"{SIX_SHA256}"'
    assert client.get(SIX_PATH, headers={"Range": "bytes=4-8"}).content == SIX[4:9]
    assert asked.paths.count("/f/six.whl") == 1
    asked.fails = True
    assert client.get(SIX_PATH).content == SIX
    assert client.get(SIX_PATH, headers={"Authorization": ""}).status_code == 401


def test_a_released_version_of_an_upstream_name_is_refused_unless_it_is_claimed(
    client: TestClient, tmp_path: Path, asked: Asked, index: Index
) -> None:
    refused = upload(client, make_wheel(tmp_path, "six", "99.0"))
    assert (refused.status_code, "six is a project of" in refused.json()["detail"]) == (403, True)
    assert "park index claim six" in refused.json()["hint"]
    assert upload(client, make_wheel(tmp_path, "six", TREE)).status_code == 200
    asyncio.run(index.curator.claim(NormalizedName("six"), "ada"))
    assert client.get("/simple/six/").json()["files"] == []
    assert client.get(SIX_PATH).status_code == 404
    asked.paths.clear()
    assert upload(client, make_wheel(tmp_path, "six", "0.0.1")).status_code == 200
    assert client.get("/simple/six/").json()["versions"] == ["0.0.1"]
    assert asked.paths == []


def test_no_name_is_taken_while_upstream_does_not_answer(
    client: TestClient, tmp_path: Path, asked: Asked
) -> None:
    asked.fails = True
    assert upload(client, make_wheel(tmp_path)).status_code == 502
    assert client.get("/simple/").json()["projects"] == []


def test_a_fault_of_upstream_is_not_a_missing_project(client: TestClient, asked: Asked) -> None:
    asked.fails = True
    answer = client.get("/simple/six/")
    assert (answer.status_code, answer.json()["title"]) == (502, "UpstreamFault")


def test_without_upstream_there_is_only_what_is_owned(tmp_path: Path) -> None:
    with opened_index(tmp_path) as index:
        answer = TestClient(application(index), headers=ADA).get("/simple/six/")
    assert (answer.status_code, "no upstream" in answer.json()["detail"]) == (404, True)


@pytest.mark.parametrize("prefix", ["", "/trees"])
@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/simple", "simple/"),
        ("/simple/demo", "demo/"),
        ("/simple/De_.mo", "de-mo/"),
        ("/simple/De_.mo/", "../de-mo/"),
    ],
)
def test_paths_are_normalised_by_redirects(
    client: TestClient, prefix: str, path: str, location: str
) -> None:
    answer = client.get(prefix + path)
    assert (answer.status_code, answer.headers["location"]) == (301, location)


def test_the_representation_is_negotiated(client: TestClient, tmp_path: Path) -> None:
    upload(client, make_wheel(tmp_path))
    for accept, media_type in [(JSON, JSON), (HTML, HTML), ("*/*", "text/html; charset=utf-8")]:
        answer = client.get("/simple/demo/", headers={"Accept": accept})
        assert answer.headers["content-type"] == media_type
        assert answer.headers["vary"] == "Accept, Accept-Encoding"
    refused = client.get("/simple/demo/", headers={"Accept": "image/png"})
    assert (refused.status_code, refused.json()["title"]) == (406, "NotAcceptable")


def test_pages_are_revalidated_and_change_with_an_upload(
    client: TestClient, tmp_path: Path
) -> None:
    upload(client, make_wheel(tmp_path))
    first = client.get("/simple/demo/")
    assert first.headers["cache-control"] == "no-cache"
    known = {"If-None-Match": first.headers["etag"]}
    unchanged = client.get("/simple/demo/", headers=known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    upload(client, make_wheel(tmp_path, version="1.1"))
    changed = client.get("/simple/demo/", headers=known)
    assert changed.json()["versions"] == ["1.0", "1.1"]


def test_files_are_immutable_and_come_in_ranges(client: TestClient, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    sha256 = upload(client, wheel).json()["sha256"]
    path = f"/files/{sha256}/{wheel.name}"
    whole = client.get(path)
    assert whole.headers["etag"] == f'"{sha256}"'
    assert "immutable" in whole.headers["cache-control"]
    part = client.get(path, headers={"Range": "bytes=10-19", "If-Range": f'"{sha256}"'})
    assert (part.status_code, part.content) == (206, wheel.read_bytes()[10:20])
    assert client.get(path, headers={"If-None-Match": f'"{sha256}"'}).status_code == 304
    since = {"If-Modified-Since": whole.headers["last-modified"]}
    assert client.get(path, headers=since).status_code == 304
    for other in (path, "/simple/demo/"):
        client.get(other)  # ready, and so in front of the routes
        refused = client.get(other, headers={"If-Match": '"other"'})
        assert (refused.status_code, refused.json()["title"]) == (412, "PreconditionFailed")
    assert client.head(path).headers["content-length"] == str(wheel.stat().st_size)
    assert client.get(f"/files/{sha256}/other.whl").status_code == 404
    assert client.get(f"/files/{'0' * 64}/{wheel.name}").status_code == 404


def test_nobody_is_served_without_a_token(client: TestClient) -> None:
    nobody = {"Authorization": ""}
    paths = ("/simple/", "/simple/x/", "/trees/simple/", "/trees/simple/x/", "/files/0/x")
    assert {client.get(path, headers=nobody).status_code for path in paths} == {401}
    assert client.post("/legacy/", headers=nobody).status_code == 401


@pytest.mark.parametrize(
    ("asked_for", "status", "what"),
    [
        ("bytes=999999-", 416, "the file has only {} bytes"),
        ("bytes=5-2", 400, "it is not valid"),
    ],
)
def test_a_range_that_cannot_be_had_is_a_problem_document(
    client: TestClient, tmp_path: Path, asked_for: str, status: int, what: str
) -> None:
    wheel = make_wheel(tmp_path, "demo")
    size = wheel.stat().st_size
    upload(client, wheel)
    url = f"/files/{file_sha256(wheel)}/{wheel.name}"

    response = client.get(url, headers=ADA | {"Range": asked_for})

    problem = response.json()
    assert (response.status_code, problem["status"]) == (status, status)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["detail"].endswith(what.format(size))
    assert response.headers.get("content-range") == (f"bytes */{size}" if status == 416 else None)
    assert problem["hint"].startswith("ask without Range")
    assert client.get(url, headers=ADA | {"Range": "bytes=0-1"}).content == b"PK"


@pytest.mark.parametrize("asked_for", ["rows=0-4", "lines=1-2", "nonsense", ""])
def test_a_range_of_another_unit_is_ignored(
    client: TestClient, tmp_path: Path, asked_for: str
) -> None:
    """RFC 9110, 14.2."""
    wheel = make_wheel(tmp_path, "demo")
    upload(client, wheel)
    url = f"/files/{file_sha256(wheel)}/{wheel.name}"
    response = client.get(url, headers=ADA | {"Range": asked_for})
    assert (response.status_code, response.content) == (200, wheel.read_bytes())


@pytest.mark.parametrize("prefix", ["", "/trees"])
@pytest.mark.parametrize(
    "path", ["/simple/https:evil", "/simple/https:Evil/", "/simple/-demo", "/simple/%2e%2e/"]
)
def test_what_is_no_name_leads_nowhere(client: TestClient, prefix: str, path: str) -> None:
    answer = client.get(prefix + path)
    assert (answer.status_code, "location" in answer.headers) == (404, False)
    assert "no project is named" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/simple/%0A", "/simple/demo/%0A", "/simple%0A"])
def test_a_line_break_behind_a_path_makes_another(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
