from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from park.errors import CannotSatisfy, UsageError
from park_server.backup.archive import new_archive, opened_archive
from park_server.backup.backup_record import Entry, Record

if TYPE_CHECKING:
    from pathlib import Path

EACH = pytest.mark.parametrize("name", ["backup", "backup.tar", "backup.tar.gz"])


def record_of(sha256: str, size: int) -> Record:
    return Record(
        park="0",
        schema="0001",
        database="sqlite",
        made="",
        tables={},
        counters={},
        entries=(Entry(path="a", kind="file", size=size, sha256=sha256),),
    )


@EACH
def test_contents_come_back_by_their_digests(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_bytes(b"some bytes")
    with new_archive(tmp_path / name) as made:
        sha256, size = made.put(tmp_path / "a")
        assert made.put(tmp_path / "a") == (sha256, size)
        made.close(record_of(sha256, size))
    archive = opened_archive(tmp_path / name)
    assert archive.record == record_of(sha256, size)
    assert [(digest, file.read()) for digest, file in archive.contents()] == [
        (sha256, b"some bytes")
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", name]


@EACH
def test_what_is_interrupted_leaves_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_bytes(b"some bytes")

    def interrupted() -> None:
        with new_archive(tmp_path / name) as made:
            made.put(tmp_path / "a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@EACH
def test_what_is_there_is_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(UsageError, match="is there already"), new_archive(tmp_path / name):
        pass
    assert (tmp_path / name).read_bytes() == b"precious"


def test_no_backup_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no backup"):
        opened_archive(tmp_path / "none")
    with pytest.raises(CannotSatisfy, match="is no whole backup"):
        opened_archive(tmp_path)
    (tmp_path / "text.tar").write_text("no tar at all")
    with pytest.raises(CannotSatisfy, match="ends too soon, or cannot be read"):
        opened_archive(tmp_path / "text.tar")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    with new_archive(tmp_path / "backup") as made:
        with pytest.raises(OSError, match="symbolic link"):
            made.put(tmp_path / "link")
        made.close(record_of("ab" * 32, 1))
