import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from park.digests import file_sha256
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


def scribbled(path: Path) -> None:
    """Change a byte, and set the modification time back, as a careful scribbler does."""
    before = path.stat()
    path.chmod(0o600)
    path.write_bytes(b"X" + path.read_bytes()[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_damaged_content_is_not_there_is_set_aside_and_told(
    store: ContentStore, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(store.receive(SHA256, chunks(DATA)))
    path = store.path_of(SHA256)
    scribbled(path)
    assert not store.has(SHA256)
    assert not path.exists()
    assert SHA256 in caplog.text
    with pytest.raises(UnknownItem, match="was changed on the disk"):
        store.path_of(SHA256)
    assert [each.name[:64] for each in (store.folder / "quarantine").iterdir()] == [SHA256]


@pytest.mark.parametrize("is_seen", [True, False])
def test_the_same_bytes_again_heal_what_was_damaged(store: ContentStore, *, is_seen: bool) -> None:
    asyncio.run(store.receive(SHA256, chunks(DATA)))
    scribbled(store.path_of(SHA256))
    assert not is_seen or not store.has(SHA256)
    asyncio.run(store.receive(SHA256, chunks(DATA)))
    assert store.path_of(SHA256).read_bytes() == DATA
    assert asyncio.run(store.ready(SHA256)) == store.path_of(SHA256)


def test_content_that_looks_otherwise_and_is_the_same_is_kept(store: ContentStore) -> None:
    asyncio.run(store.receive(SHA256, chunks(DATA)))
    os.utime(store.path_of(SHA256))
    assert store.has(SHA256)


def test_content_is_read_only_once_while_it_looks_the_same(
    store: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(store.receive(SHA256, chunks(DATA)))
    again = ContentStore(store.folder)  # as after a restart: nothing is known yet
    read: list[Path] = []

    def counted(path: Path) -> str:
        read.append(path)
        return file_sha256(path)

    monkeypatch.setattr("park_repo.whole_files.file_sha256", counted)
    for _ in range(3):
        assert again.has(SHA256)
    assert len(read) == 1


LARGE = bytes(3 << 20) + DATA


@pytest.mark.parametrize("data", [b"", DATA, LARGE], ids=["nothing", "small", "large"])
def test_what_is_taken_in_is_a_copy_that_nobody_else_writes_to(
    store: ContentStore, tmp_path: Path, data: bytes
) -> None:
    source = tmp_path / "source"
    source.write_bytes(data)
    with source.open("r+b") as file:
        with store.intake() as intake:
            sha256, size = intake.add(file.fileno())
            assert intake.add(file.fileno()) == (sha256, size)  # the same again is no error
        file.write(b"SECOND")
    assert (sha256, size) == (hashlib.sha256(data).hexdigest(), len(data))
    kept = store.path_of(sha256)
    assert kept.read_bytes() == data
    assert (kept.stat().st_nlink, kept.stat().st_mode & 0o777) == (1, 0o400)
    assert list((store.folder / "incoming").iterdir()) == []


def test_holes_of_a_file_take_no_room(store: ContentStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.truncate(64 << 20)
    with source.open("rb") as file:
        sha256, _ = store.copy(file)
    assert store.path_of(sha256).stat().st_blocks * 512 < 1 << 20


def test_nothing_of_an_intake_that_fails_is_kept(store: ContentStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(DATA)

    def failing() -> None:
        with source.open("rb") as file, store.intake() as intake:
            intake.add(file.fileno())
            raise ConnectionError

    with pytest.raises(ConnectionError):
        failing()
    assert files_below(store.folder) == []
