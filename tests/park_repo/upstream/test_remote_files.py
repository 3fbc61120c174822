"""Files of another index: brought once, verified, followed by many, taken up where they broke."""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.stand_ins.mirror import (
    CONTENT,
    DEMO,
    METADATA,
    NAME,
    SHA256,
    Mirror,
    collected,
    leftovers,
    run,
)

from park.errors import UnknownItem
from park.model.backoff import Backoff
from park_repo.negotiation import JSON
from park_repo.upstream import remote_files as module
from park_repo.upstream import transfer as transfer_module
from park_repo.upstream.remote_files import RemoteFiles
from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Mirror:
    monkeypatch.setattr(transfer_module, "BACKOFF", Backoff(first_s=0, longest_s=0))
    return Mirror()


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
        assert await files.kept(SHA256, NAME) is None

    run(mirror, tmp_path, read)
    assert sum(r.url.path.endswith(".metadata") for r in mirror.asked) == 1


def test_kept_metadata_are_not_told_by_the_name_of_another_file(
    mirror: Mirror, tmp_path: Path
) -> None:
    async def read(files: RemoteFiles) -> None:
        await files.metadata(DEMO, SHA256, NAME)
        other = NAME.replace("demo-1", "demo-2")
        with pytest.raises(UnknownItem):
            await files.metadata(DEMO, SHA256, other)

    run(mirror, tmp_path, read)


def test_what_was_changed_on_the_disk_is_brought_anew(mirror: Mirror, tmp_path: Path) -> None:
    async def both(files: RemoteFiles) -> tuple[Path, Path]:
        return await files.whole(DEMO, SHA256, NAME), await files.metadata(DEMO, SHA256, NAME)

    async def changed(files: RemoteFiles) -> None:
        for path in await both(files):
            path.write_bytes(b"changed by somebody")
        assert [path.read_bytes() for path in await both(files)] == [CONTENT, METADATA]

    for _ in range(2):  # also what was kept by an earlier process
        run(mirror, tmp_path, changed)
    for path in run(mirror, tmp_path, both):
        path.write_bytes(b"changed while no service ran")
    assert [path.read_bytes() for path in run(mirror, tmp_path, both)] == [CONTENT, METADATA]
    assert mirror.downloads() == 4


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
        content = name.encode() + bytes(100_000)
        path = tmp_path / "files" / hashlib.sha256(content).hexdigest() / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        os.utime(path.parent, ns=(used, used))
        return path

    oldest, used_since, newer = (
        keep(name, n) for n, name in enumerate(("a.whl", "b.whl", "c.whl"))
    )
    monkeypatch.setattr(module, "_KEPT_BYTES", len(CONTENT) + 250_000)

    async def bring(files: RemoteFiles) -> None:
        assert await files.kept(used_since.parent.name, used_since.name)
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
        shown = (await project.forms.page(JSON, (), None, None)).body
        assert "s3cret" not in f"{upstream.url}{project.document}{shown!r}"
        await files.aclose()
        await upstream.aclose()

    asyncio.run(read())
    page, file = mirror.asked
    assert page.headers["authorization"].startswith("Basic ")
    assert "authorization" not in file.headers
