import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from park.errors import InvalidUpload, UnknownItem
from park_server.content import ContentStore

DATA = b"q R dR dq\n"
SHA256 = hashlib.sha256(DATA).hexdigest()


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "files")


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_stream_is_kept_under_its_digest(store: ContentStore) -> None:
    assert asyncio.run(store.receive(SHA256, chunks(DATA[:3], DATA[3:]))) == len(DATA)
    assert store.has(SHA256)
    assert store.path_of(SHA256).read_bytes() == DATA


def test_the_same_stream_again_is_no_error(store: ContentStore) -> None:
    for _ in range(2):
        asyncio.run(store.receive(SHA256, chunks(DATA)))
    assert store.path_of(SHA256).read_bytes() == DATA


def test_another_digest_leaves_nothing(store: ContentStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidUpload, match=f"expected {SHA256}"):
        asyncio.run(store.receive(SHA256, chunks(b"other")))
    assert files_below(tmp_path) == []


def test_a_stream_that_breaks_off_leaves_nothing(store: ContentStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield DATA
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(store.receive(SHA256, broken()))
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "AB" * 32, SHA256 + "0"])
def test_only_a_digest_names_a_file(store: ContentStore, name: str) -> None:
    with pytest.raises(UnknownItem):
        store.path_of(name)


def test_files_of_a_folder_are_collected_by_name(store: ContentStore, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "plots").mkdir(parents=True)
    (work / "run.txt").write_bytes(DATA)
    (work / "plots" / "same.txt").write_bytes(DATA)
    (work / "empty").write_bytes(b"")
    records = store.collect(work)
    assert [record.name for record in records] == ["empty", "plots/same.txt", "run.txt"]
    assert records[1].sha256 == records[2].sha256 == SHA256
    assert records[2].size == len(DATA)
    assert store.path_of(SHA256).read_bytes() == DATA
    assert (work / "run.txt").exists(), "a crash before the commit must not lose it"


def test_links_are_not_followed(store: ContentStore, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "passwd").symlink_to("/etc/passwd")
    (work / "etc").symlink_to("/etc")
    assert store.collect(work) == ()


def test_what_a_crash_left_half_written_is_swept(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "files")
    (tmp_path / "files" / "incoming" / "half").write_bytes(b"x")
    ContentStore(tmp_path / "files")
    assert files_below(tmp_path) == []
    assert not store.has(SHA256)


def test_a_file_that_is_taken_is_moved(store: ContentStore, tmp_path: Path) -> None:
    file = tmp_path / "files" / "fetched"
    for _ in range(2):  # the same content again is no error
        file.write_bytes(DATA)
        store.take(file, SHA256)
        assert store.path_of(SHA256).read_bytes() == DATA
        assert not file.exists()
    assert store.path_of(SHA256).stat().st_mode & 0o777 == 0o400
    assert store.path_of(SHA256).stat().st_nlink == 1
