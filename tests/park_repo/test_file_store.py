from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from park.errors import CannotSatisfy, TooLarge
from park_repo.file_store import FileStore

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 1000


def kept(store: FileStore, content: bytes, filename: str = "demo.whl") -> tuple[str, str]:
    with store.incoming(limit=LIMIT) as incoming:
        incoming.write(content)
        incoming.finish()
        store.keep(incoming, filename, b"metadata")
        return incoming.sha256, filename


def all_files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_incoming_files_are_counted_and_hashed(tmp_path: Path) -> None:
    with FileStore(tmp_path).incoming(limit=LIMIT) as incoming:
        for chunk in (b"some ", b"bytes"):
            incoming.write(chunk)
        assert incoming.size == 10
        assert incoming.sha256 == hashlib.sha256(b"some bytes").hexdigest()
        assert incoming.blake2_256 == hashlib.blake2b(b"some bytes", digest_size=32).hexdigest()
        incoming.finish()
        assert incoming.md5() == hashlib.md5(b"some bytes", usedforsecurity=False).hexdigest()


def test_a_kept_file_is_at_its_digest_under_its_name(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    sha256, name = kept(store, b"content")
    assert store.path_of(sha256, name) == tmp_path / "files" / sha256[:2] / sha256 / name
    assert store.path_of(sha256, name).read_bytes() == b"content"
    assert store.metadata_path_of(sha256, name).read_bytes() == b"metadata"
    assert kept(store, b"content") == (sha256, name)
    assert len(all_files(tmp_path)) == 2


def test_what_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with store.incoming(limit=LIMIT) as incoming:
        incoming.write(bytes(LIMIT))
        with pytest.raises(TooLarge, match="limit of 1,000 bytes"):
            incoming.write(b"x")
    assert all_files(tmp_path) == set()


def test_the_sweep_puts_away_exactly_what_no_row_knows_and_deletes_nothing(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    known = kept(store, b"known")
    before = all_files(tmp_path)
    kept(store, b"orphan")
    kept(store, b"known", "other-name.whl")
    contents = sorted(path.read_bytes() for path in (tmp_path / "files").rglob("*.whl"))
    (tmp_path / "incoming" / "half.part").write_bytes(b"ha")
    put_away = store.sweep({known})
    assert len(put_away) == 3  # a folder, and a file with its metadata
    after = all_files(tmp_path)
    assert {name for name in after if not name.startswith("quarantine/")} == before
    assert sorted(path.read_bytes() for path in tmp_path.rglob("*.whl")) == contents
    assert store.sweep({known}) == []


def test_where_more_is_unknown_than_a_crash_leaves_the_database_is_too_old(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    for number in range(257):
        kept(store, str(number).encode())
    before = all_files(tmp_path)
    with pytest.raises(CannotSatisfy, match="knows nothing of 257 files") as refused:
        store.sweep(set())
    assert refused.value.hint is not None
    assert "backup" in refused.value.hint
    assert all_files(tmp_path) == before
