"""One download that any number of readers follow: whole and verified, or not at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.stand_ins.mirror import (
    CONTENT,
    DEMO,
    NAME,
    SHA256,
    Mirror,
    collected,
    leftovers,
    run,
    streamed,
)

from park.errors import UpstreamFault
from park.model.backoff import Backoff
from park_repo.upstream import transfer as transfer_module
from park_repo.upstream.remote_files import RemoteFiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Mirror:
    monkeypatch.setattr(transfer_module, "BACKOFF", Backoff(first_s=0, longest_s=0))
    return Mirror()


def test_many_readers_share_one_download(mirror: Mirror, tmp_path: Path) -> None:
    async def read(files: RemoteFiles) -> None:
        contents = await asyncio.gather(*(collected(files) for _ in range(5)))
        assert set(contents) == {CONTENT}
        path = await files.whole(DEMO, SHA256, NAME)
        assert path.read_bytes() == CONTENT

    run(mirror, tmp_path, read)
    assert mirror.downloads() == 1
    assert [path.name for path in leftovers(tmp_path)] == [NAME]


def test_nobody_gets_a_byte_before_the_last_one_is_verified(mirror: Mirror, tmp_path: Path) -> None:
    async def read(files: RemoteFiles) -> None:
        may_go_on = asyncio.Event()
        received: asyncio.Queue[int] = asyncio.Queue()

        async def slowly(_start: int) -> AsyncIterator[bytes]:
            yield CONTENT[:500_000]
            await may_go_on.wait()
            yield CONTENT[500_000:]

        mirror.chunks = slowly
        whole = asyncio.create_task(files.whole(DEMO, SHA256, NAME, received=received.put_nowait))
        while not await received.get():
            pass
        assert not whole.done()
        assert await files.kept(SHA256, NAME) is None
        may_go_on.set()
        assert (await whole).read_bytes() == CONTENT

    run(mirror, tmp_path, read)


def test_a_wrong_file_is_never_whole(mirror: Mirror, tmp_path: Path) -> None:
    async def read(files: RemoteFiles) -> None:
        mirror.chunks = lambda _: streamed(CONTENT[:-1] + b"!")
        with pytest.raises(UpstreamFault, match=f"expected sha256 {SHA256}, found"):
            await files.whole(DEMO, SHA256, NAME)
        assert await files.kept(SHA256, NAME) is None

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
