"""`park_repo.http.file_routes`: files of other indexes, verified before they are sent on.

And what attests to them, as these have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest
from starlette.testclient import TestClient
from support.neighbours.index_server import application, opened_index, serving

from park_repo.negotiation import HTML, JSON
from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NAME = "demo-1.0-py3-none-any.whl"
DIGEST = "ab" * 32


def upstream() -> Upstream:
    """Return an index whose one file is not what its page says, and takes several chunks."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith(".whl"):
            return httpx2.Response(200, content=Wrong())
        file = {"filename": NAME, "url": f"/{NAME}", "hashes": {"sha256": DIGEST}}
        page = {"meta": {"api-version": "1.1"}, "name": "demo", "files": [file]}
        return httpx2.Response(200, json=page, headers={"content-type": JSON})

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return Upstream("https://mirror.example/simple/", client=client)


class Wrong(httpx2.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(4):
            yield bytes(1 << 20)


def test_of_a_wrong_file_nobody_gets_a_byte(tmp_path: Path) -> None:
    with (
        opened_index(tmp_path, upstream=upstream()) as index,
        serving(application(index, is_open=True)) as url,
    ):
        answer = httpx2.get(f"{url}/files/upstream/demo/{DIGEST}/{NAME}", trust_env=False)
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "application/problem+json"
    assert f"expected sha256 {DIGEST}, found" in answer.text
    assert len(answer.content) < 4_096


PROVENANCE = b'{"version": 1, "attestation_bundles": []}'


class Attesting:
    """An index that says where it attests to its one file, and serves ``body`` there."""

    def __init__(self) -> None:
        self.body = PROVENANCE
        self.asked: list[str] = []

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.path)
        if request.url.path == "/integrity/demo":
            return httpx2.Response(200, content=self.body)
        file = {
            "filename": NAME,
            "url": f"/{NAME}",
            "hashes": {"sha256": DIGEST},
            "provenance": "/integrity/demo",
        }
        page = {"meta": {"api-version": "1.3"}, "name": "demo", "files": [file]}
        return httpx2.Response(200, json=page, headers={"content-type": JSON})


@pytest.mark.parametrize("base_url", ["https://lab.example/park", "http://127.0.0.1:8750"])
def test_what_attests_to_a_file_is_led_through_here_and_asked_for_each_time(
    tmp_path: Path, base_url: str
) -> None:
    other = Attesting()
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(other.answer))
    behind = Upstream("https://mirror.example/simple/", client=client)
    root = "/park" if base_url.endswith("/park") else ""
    with opened_index(tmp_path, upstream=behind) as index:
        here = TestClient(
            application(index, is_open=True),
            base_url=base_url,
            root_path=root,
            headers={"Accept": JSON},
        )
        (file,) = here.get("/simple/demo/").json()["files"]
        url = f"{base_url}/files/upstream/demo/{DIGEST}/{NAME}.provenance"
        assert file["provenance"] == url
        html = here.get("/simple/demo/", headers={"Accept": HTML}).text
        assert f' data-provenance="{url}"' in html
        path = url.removeprefix(base_url)
        first = here.get(path)
        assert first.content == PROVENANCE
        assert first.headers["content-type"] == "application/vnd.pypi.integrity.v1+json"
        again = here.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other.body = b'{"version": 1, "attestation_bundles": [{}]}'
        assert (
            here.get(path, headers={"If-None-Match": first.headers["etag"]}).content == other.body
        )
        assert here.get(f"{path}.metadata").status_code == 404
        index.refused.add(DIGEST)
        assert here.get(path).status_code == 403
    assert other.asked.count("/integrity/demo") == 3


def test_nothing_is_said_to_attest_where_somebody_on_the_way_could_change_it(
    tmp_path: Path,
) -> None:
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(Attesting().answer))
    behind = Upstream("https://mirror.example/simple/", client=client)
    with opened_index(tmp_path, upstream=behind) as index:
        here = TestClient(application(index, is_open=True), base_url="http://lab.example")
        for accept in (JSON, HTML):
            page = here.get("/simple/demo/", headers={"Accept": accept})
            assert page.status_code == 200
            assert "provenance" not in page.text
