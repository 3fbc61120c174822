"""`park_repo.upstream.external`: released projects that another index keeps."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import httpx2
import pytest
from packaging.utils import NormalizedName

from park.errors import Conflict, NotPermitted, ParkError, UpstreamFault
from park_repo.file_records import Layer, PublishedFile
from park_repo.negotiation import JSON
from park_repo.upstream.external import ExternalIndex, upload_url_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

URL = "https://index.example/root/simple/"
FILE = PublishedFile(
    layer=Layer.PROJECTS,
    owner="",
    project=NormalizedName("demo"),
    version="1.0",
    filename="demo-1.0-py3-none-any.whl",
    key="demo-1.0",
    size=3,
    sha256="ab" * 32,
    metadata_sha256=None,
    requires_python=None,
    uploaded_at="2026-11-26T00:00:00Z",
    uploaded_by="ada",
    yanked=None,
)


class Elsewhere:
    """An index that holds ``files`` by digest, and answers uploads with ``status``."""

    def __init__(self, files: Mapping[str, str], status: int = 200) -> None:
        self.uploads: list[httpx2.Request] = []
        self._files, self._status = files, status
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))
        self.index = ExternalIndex(URL, client=client)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            self.uploads.append(request)
            return httpx2.Response(self._status, text="said  so\n")
        if not self._files:
            return httpx2.Response(404)
        files = [
            {"filename": name, "url": name, "hashes": {"sha256": digest}}
            for name, digest in self._files.items()
        ]
        page = {"meta": {"api-version": "1.1"}, "name": "demo", "files": files}
        return httpx2.Response(200, content=json.dumps(page), headers={"content-type": JSON})

    def publish(self, folder: Path) -> bool:
        path = folder / FILE.filename
        path.write_bytes(b"abc")
        fields = {"attestations": "[…]", "summary": "a demo"}
        return asyncio.run(self.index.publish(FILE, path, fields))


def test_a_new_file_is_uploaded_with_the_form_that_came_with_it(tmp_path: Path) -> None:
    there = Elsewhere({})
    assert there.publish(tmp_path)
    (upload,) = there.uploads
    body = upload.read()
    assert str(upload.url) == "https://index.example/root/"
    for part in (b"file_upload", FILE.sha256.encode(), b"a demo", b"abc"):
        assert part in body
    assert b"attestations" not in body


def test_the_same_bytes_again_are_no_news(tmp_path: Path) -> None:
    there = Elsewhere({FILE.filename: FILE.sha256})
    assert not there.publish(tmp_path)
    assert there.uploads == []


def test_a_name_that_is_taken_stays_taken(tmp_path: Path) -> None:
    there = Elsewhere({FILE.filename: "cd" * 32})
    with pytest.raises(Conflict, match="already with other bytes"):
        there.publish(tmp_path)
    assert there.uploads == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [(409, Conflict), (401, NotPermitted), (403, NotPermitted), (500, UpstreamFault)],
)
def test_a_refusal_says_what_was_said(tmp_path: Path, status: int, kind: type[ParkError]) -> None:
    with pytest.raises(kind, match=f"answered {status} to demo-1.0.*: said so"):
        Elsewhere({}, status).publish(tmp_path)


@pytest.mark.parametrize(
    ("simple", "upload"),
    [
        ("https://h/simple/", "https://h/"),
        ("https://h/ada/dev/+simple/", "https://h/ada/dev/"),
        ("https://h/packages/", "https://h/packages/"),
    ],
)
def test_where_uploads_go_is_found_from_the_simple_api(simple: str, upload: str) -> None:
    assert upload_url_of(simple) == upload
