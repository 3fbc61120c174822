"""Another index, in memory, with one file: for what is brought here from it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any

import httpx2
from packaging.utils import NormalizedName

from park_repo.negotiation import JSON
from park_repo.upstream.remote_files import RemoteFiles
from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

__all__ = [
    "CONTENT",
    "DEMO",
    "METADATA",
    "NAME",
    "SHA256",
    "Mirror",
    "collected",
    "leftovers",
    "run",
    "streamed",
]

DEMO = NormalizedName("demo")
NAME = "demo-1.0-py3-none-any.whl"
CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
METADATA = b"Name: demo\nVersion: 1.0\n"


class Mirror:
    """An index in memory with one file; ``chunks`` makes the body of each download of it."""

    def __init__(self) -> None:
        self.asked: list[httpx2.Request] = []
        self.chunks: Callable[[int], AsyncIterator[bytes]] = self.all_of_it
        self.file: dict[str, Any] = {
            "filename": NAME, "url": "/f/demo.whl", "hashes": {"sha256": SHA256},
            "core-metadata": {"sha256": hashlib.sha256(METADATA).hexdigest()},
        }  # fmt: skip
        self.status = 200

    async def all_of_it(self, start: int) -> AsyncIterator[bytes]:
        """Yield the whole file from ``start`` on, as a server sends it."""
        for place in range(start, len(CONTENT), 100_000):
            yield CONTENT[place : place + 100_000]

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Answer for the page, the file or its METADATA."""
        self.asked.append(request)
        if request.url.path == "/f/demo.whl":
            text = request.headers.get("range", "bytes=0-")
            start = int(text.removeprefix("bytes=").removesuffix("-"))
            status = 206 if start and self.status == 200 else self.status
            return httpx2.Response(status, content=self.chunks(start))
        if request.url.path == "/f/demo.whl.metadata":
            return httpx2.Response(200, content=streamed(METADATA))
        page = {"meta": {"api-version": "1.1"}, "name": "demo", "files": [self.file]}
        return httpx2.Response(200, content=json.dumps(page), headers={"content-type": JSON})

    def downloads(self) -> int:
        """Return how often the file was asked for."""
        return sum(request.url.path == "/f/demo.whl" for request in self.asked)


async def streamed(content: bytes) -> AsyncIterator[bytes]:
    """Yield ``content`` as the body of an answer."""
    yield content


def run(
    mirror: Mirror, folder: Path, work: Callable[[RemoteFiles], Coroutine[Any, Any, Any]]
) -> Any:
    """Do ``work`` with the remote files of ``mirror``, kept in ``folder``."""

    async def within() -> Any:
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(mirror.answer))
        upstream = Upstream("https://up.example/simple/", client=client)
        files = RemoteFiles(folder, upstream.project)
        try:
            return await work(files)
        finally:
            await files.aclose()
            await upstream.aclose()

    return asyncio.run(within())


async def collected(files: RemoteFiles) -> bytes:
    """Return what a reader of the file gets."""
    return (await files.whole(DEMO, SHA256, NAME)).read_bytes()


def leftovers(folder: Path) -> list[Path]:
    """Return the files that are in ``folder``."""
    return [path for path in folder.rglob("*") if path.is_file()]
