"""`park_repo.http.file_routes`: files of other indexes, verified before they are sent on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
from support.neighbours.index_server import application, opened_index, serving

from park_repo.negotiation import JSON
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
