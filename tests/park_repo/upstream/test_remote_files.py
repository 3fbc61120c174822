"""Files of another index: brought once, verified, followed by many, taken up where they broke."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from packaging.utils import NormalizedName

from park.errors import UnknownItem, UpstreamFault
from park.model.backoff import Backoff
from park_repo.negotiation import JSON
from park_repo.upstream import remote_files as module
from park_repo.upstream import transfer as transfer_module
from park_repo.upstream.remote_files import RemoteFiles
from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

DEMO = NormalizedName("demo")
NAME = "demo-1.0-py3-none-any.whl"
CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
METADATA = b"Name: demo\n"


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
        for place in range(start, len(CONTENT), 100_000):
            yield CONTENT[place : place + 100_000]

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        if request.url.path == "/f/demo.whl":
            text = request.headers.get("range", "bytes=0-")
            start = int(text.removeprefix("bytes=").removesuffix("-"))
            status = 206 if start and self.status == 200 else self.status
            return httpx2.Response(status, content=self.chunks(start))
        if request.url.path == "/f/demo.whl.metadata":
            return httpx2.Response(200, content=_stream(METADATA))
        page = {"meta": {"api-version": "1.1"}, "name": "demo", "files": [self.file]}
        return httpx2.Response(200, content=json.dumps(page), headers={"content-type": JSON})

    def downloads(self) -> int:
        return sum(request.url.path == "/f/demo.whl" for request in self.asked)


async def _stream(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Mirror:
    monkeypatch.setattr(transfer_module, "BACKOFF", Backoff(first_s=0, longest_s=0))
    return Mirror()


def run(
    mirror: Mirror, folder: Path, work: Callable[[RemoteFiles], Coroutine[Any, Any, Any]]
) -> Any:
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
    transfer = await files.transfer(DEMO, SHA256, NAME)
    return b"".join([chunk async for chunk in transfer.chunks()])


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_many_readers_share_one_download(mirror: Mirror, tmp_path: Path) -> None:
    async def read(files: RemoteFiles) -> None:
        contents = await asyncio.gather(*(collected(files) for _ in range(5)))
        assert set(contents) == {CONTENT}
        path = await files.whole(DEMO, SHA256, NAME)
        assert path.read_bytes() == CONTENT

    run(mirror, tmp_path, read)
    assert mirror.downloads() == 1
    assert [path.name for path in leftovers(tmp_path)] == [NAME]


def test_a_reader_gets_the_bytes_as_they_arrive(mirror: Mirror, tmp_path: Path) -> None:
    async def read(files: RemoteFiles) -> None:
        may_go_on = asyncio.Event()

        async def slowly(_start: int) -> AsyncIterator[bytes]:
            yield CONTENT[:500_000]
            await may_go_on.wait()
            yield CONTENT[500_000:]

        mirror.chunks = slowly
        chunks = (await files.transfer(DEMO, SHA256, NAME)).chunks()
        first = await anext(chunks)
        assert CONTENT.startswith(first)
        may_go_on.set()
        assert first + b"".join([chunk async for chunk in chunks]) == CONTENT

    run(mirror, tmp_path, read)


def test_a_wrong_file_is_never_whole(mirror: Mirror, tmp_path: Path) -> None:
    async def read(files: RemoteFiles) -> None:
        mirror.chunks = lambda _: _stream(CONTENT[:-1] + b"!")
        transfer = await files.transfer(DEMO, SHA256, NAME)
        got: list[bytes] = []

        async def follow() -> None:
            async for chunk in transfer.chunks():
                got.append(chunk)  # noqa: PERF401 (what came before the fault is what counts)

        with pytest.raises(UpstreamFault, match=f"expected sha256 {SHA256}, found"):
            await follow()
        assert 0 < sum(map(len, got)) < len(CONTENT)
        assert files.kept(SHA256, NAME) is None

    run(mirror, tmp_path, read)
    assert leftovers(tmp_path) == []


def test_a_broken_download_goes_on_where_it_broke(mirror: Mirror, tmp_path: Path) -> None:
    async def broken_once(start: int) -> AsyncIterator[bytes]:
        if start == 0:
            yield CONTENT[:300_000]
            raise httpx2.ReadError("reset")
        yield CONTENT[start:]

    mirror.chunks = broken_once
    assert run(mirror, tmp_path, collected) == CONTENT
    ranges = [r.headers.get("range") for r in mirror.asked if r.url.path == "/f/demo.whl"]
    # of what had arrived, whole chunks of 256 KiB were written
    assert ranges == [None, f"bytes={256 << 10}-"]


def test_after_three_attempts_it_is_a_fault(mirror: Mirror, tmp_path: Path) -> None:
    mirror.status = 503
    with pytest.raises(UpstreamFault, match="answered 503"):
        run(mirror, tmp_path, collected)
    assert mirror.downloads() == 3
    assert leftovers(tmp_path) == []


def test_a_refusal_is_not_tried_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.status = 403
    with pytest.raises(UpstreamFault, match="answered 403"):
        run(mirror, tmp_path, collected)
    assert mirror.downloads() == 1


def test_what_is_here_needs_no_other_index(mirror: Mirror, tmp_path: Path) -> None:
    run(mirror, tmp_path, collected)
    mirror.asked.clear()
    assert run(mirror, tmp_path, lambda f: f.whole(DEMO, SHA256, NAME)).read_bytes() == CONTENT
    assert mirror.asked == []


def test_metadata_come_verified(mirror: Mirror, tmp_path: Path) -> None:
    async def read(files: RemoteFiles) -> None:
        for _ in range(2):
            path = await files.metadata(DEMO, SHA256, NAME)
            assert path.read_bytes() == METADATA
        assert files.kept(SHA256, NAME) is None

    run(mirror, tmp_path, read)
    assert sum(r.url.path.endswith(".metadata") for r in mirror.asked) == 1


def test_unverified_metadata_are_not_offered(mirror: Mirror, tmp_path: Path) -> None:
    mirror.file["core-metadata"] = True
    with pytest.raises(UnknownItem, match="gives no digest for the METADATA"):
        run(mirror, tmp_path, lambda f: f.metadata(DEMO, SHA256, NAME))


@pytest.mark.parametrize(
    ("sha256", "filename"),
    [("0" * 64, NAME), (SHA256, "other.whl"), (SHA256, "../x"), (SHA256, ".."), ("..", NAME)],
)
def test_what_no_page_has_is_unknown(
    mirror: Mirror, tmp_path: Path, sha256: str, filename: str
) -> None:
    with pytest.raises(UnknownItem):
        run(mirror, tmp_path, lambda f: f.whole(DEMO, sha256, filename))
    assert mirror.downloads() == 0


def test_what_a_crash_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "x.part").write_bytes(b"half")
    RemoteFiles(tmp_path, Upstream("https://up.example/").project)
    assert leftovers(tmp_path) == []


def test_what_was_used_longest_ago_makes_room(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(name: str, used: int) -> Path:
        path = tmp_path / "files" / hashlib.sha256(name.encode()).hexdigest() / name
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(100_000))
        os.utime(path, ns=(used, used))
        return path

    oldest, used_since, newer = (
        keep(name, n) for n, name in enumerate(("a.whl", "b.whl", "c.whl"))
    )
    monkeypatch.setattr(module, "_KEPT_BYTES", len(CONTENT) + 250_000)

    async def bring(files: RemoteFiles) -> None:
        assert files.kept(used_since.parent.name, used_since.name)
        await files.whole(DEMO, SHA256, NAME)

    run(mirror, tmp_path, bring)
    assert [path.exists() for path in (oldest, newer, used_since)] == [False, False, True]
    assert run(mirror, tmp_path, collected_or_kept) == CONTENT


async def collected_or_kept(files: RemoteFiles) -> bytes:
    return (await files.whole(DEMO, SHA256, NAME)).read_bytes()


def test_the_credentials_stay_with_the_origin_of_the_index(mirror: Mirror, tmp_path: Path) -> None:
    mirror.file["url"] = "https://files.example/f/demo.whl"

    async def read() -> None:
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(mirror.answer))
        upstream = Upstream("https://ada:s3cret@up.example/simple/", client=client)
        files = RemoteFiles(tmp_path, upstream.project)
        await files.whole(DEMO, SHA256, NAME)
        project = await upstream.project(DEMO)
        assert project is not None
        shown = (await project.page(JSON)).body
        assert "s3cret" not in f"{upstream.url}{project.document}{shown!r}"
        await files.aclose()
        await upstream.aclose()

    asyncio.run(read())
    page, file = mirror.asked
    assert page.headers["authorization"].startswith("Basic ")
    assert "authorization" not in file.headers
