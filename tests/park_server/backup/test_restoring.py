"""A backup is restored whole, or refused with nothing written."""

from __future__ import annotations

import json
import tarfile
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from support.labs.backup_lab import (
    ODD_NAME,
    FullHome,
    backup_of,
    full_home,
    no_word,
    rows_of,
)
from support.labs.databases import empty_url
from support.neighbours.postgresql import server

from park.errors import CannotSatisfy, Conflict
from park_server.backup.home_rows import filled, filled_at
from park_server.backup.restoring import checked, restored
from park_server.db.migrate import revisions
from park_server.db.opening import opened
from park_server.db.portable_rows import Rows
from park_server.db.tables import job_files, jobs
from park_server.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.engine import URL

EACH = pytest.mark.parametrize("name", ["backup", "backup.tar.gz"])


@pytest.fixture
def full(tmp_path: Path) -> FullHome:
    return full_home(tmp_path / "home")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[URL]:
    found = empty_url(tmp_path)
    yield found
    server().drop(str(found.database))


def restore(backup: Path, home: Path, url: URL | None = None) -> None:
    archive = checked(backup)
    record = archive.record

    def put(at: Path, _: object, tables: Iterator[object]) -> None:
        fill = partial(filled, Home(at).database) if url is None else partial(filled_at, url)
        fill(record.schema, record.counters, tables)

    restored(archive, home, put, no_word)


def look(path: Path) -> tuple[object, ...]:
    status = path.lstat()
    content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    return oct(status.st_mode), content, 0 if path.is_symlink() else status.st_mtime


@EACH
def test_a_restored_home_is_what_it_was(full: FullHome, tmp_path: Path, name: str) -> None:
    record = backup_of(full.home, tmp_path / name)
    restore(tmp_path / name, tmp_path / "new")
    new = Home(tmp_path / "new")
    for entry in record.entries:
        path = new.path / entry.path
        if "attempt-" not in entry.path:
            assert look(path) == look(full.home.path / entry.path), entry
    assert rows_of(new) == rows_of(full.home)
    claim = json.loads((new.jobs / "running" / "attempt-2").readlink().name)
    assert claim["boot"] == "restored from a backup"
    assert (new.path / "areas" / "v1" / "users" / "ada" / ODD_NAME).read_bytes() == b"mine"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.slow
def test_from_one_kind_of_database_to_the_other_and_back(
    full: FullHome, tmp_path: Path, url: URL
) -> None:
    backup_of(full.home, tmp_path / "first")
    restore(tmp_path / "first", tmp_path / "other", url)
    other = Home(tmp_path / "other")
    assert not other.database.exists()
    assert rows_of(other, url) == rows_of(full.home)
    backup_of(other, tmp_path / "second", url)
    restore(tmp_path / "second", tmp_path / "back")
    assert rows_of(Home(tmp_path / "back")) == rows_of(full.home)


def _cut_content(backup: Path) -> None:
    file = next(path for path in (backup / "contents").rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-1])


def _other_bytes(backup: Path) -> None:
    for file in (backup / "contents").rglob("*"):
        if file.is_file():
            file.write_bytes(bytes(len(file.read_bytes())))


def _without_content(backup: Path) -> None:
    next(path for path in (backup / "contents").rglob("*") if path.is_file()).unlink()


def _cut_record(backup: Path) -> None:
    record = backup / "backup.jsonl"
    record.write_bytes(record.read_bytes()[:-20])


def _without_record(backup: Path) -> None:
    (backup / "backup.jsonl").unlink()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_cut_content, "bytes instead of"),
        (_other_bytes, "has other bytes"),
        (_without_content, "of its files are missing"),
        (_cut_record, "what it says of itself"),
        (_without_record, "is no whole backup"),
    ],
)
def test_damage_is_found_before_anything_is_written(
    full: FullHome, tmp_path: Path, damage: Callable[[Path], None], told: str
) -> None:
    backup_of(full.home, tmp_path / "backup")
    damage(tmp_path / "backup")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CannotSatisfy, match=told):
        restore(tmp_path / "backup", tmp_path / "new")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["backup.tar", "backup.tar.gz"])
def test_a_file_that_was_cut_anywhere_is_damaged(full: FullHome, tmp_path: Path, name: str) -> None:
    backup_of(full.home, tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    cut = tmp_path / f"cut-{name}"
    for part in (0.0, 0.1, 0.5):
        cut.write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(CannotSatisfy):
            checked(cut)
    for at in range(600, len(whole), len(whole) // 7):
        cut.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            restore(cut, tmp_path / "new")
        except CannotSatisfy:
            continue
        # a byte that means nothing: padding, or a header's time
        assert rows_of(Home(tmp_path / "new")) == rows_of(full.home)
        (tmp_path / "new").rename(tmp_path / f"whole-{at}")


def test_a_home_that_has_something_is_left_as_it_is(full: FullHome, tmp_path: Path) -> None:
    backup_of(full.home, tmp_path / "backup")
    with pytest.raises(Conflict, match="has something in it"):
        restore(tmp_path / "backup", full.home.path)
    (tmp_path / "file").write_text("precious")
    with pytest.raises(Conflict, match="has something in it"):
        restore(tmp_path / "backup", tmp_path / "file")
    (tmp_path / "empty").mkdir()
    restore(tmp_path / "backup", tmp_path / "empty")
    assert rows_of(Home(tmp_path / "empty")) == rows_of(full.home)


@pytest.mark.slow
def test_a_database_that_has_something_is_left_as_it_is(
    full: FullHome, tmp_path: Path, url: URL
) -> None:
    backup_of(full.home, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "new", url)
    with pytest.raises(Conflict, match="is not empty"):
        restore(tmp_path / "backup", tmp_path / "newer", url)
    assert not (tmp_path / "newer").exists()
    assert rows_of(Home(tmp_path / "new"), url) == rows_of(full.home)


def test_a_backup_of_an_older_schema_is_restored_as_that(tmp_path: Path) -> None:
    """A start brings it forward, as it would the home that it is of."""
    oldest = revisions()[-1]
    user = {"job": "a", "name": "b", "sha256": "ab" * 32, "size": 3}
    rows = Rows(table="job_files", columns=tuple(user), rows=[tuple(user.values())])
    job = Rows(table="jobs", columns=tuple(_OLD_JOB), rows=[tuple(_OLD_JOB.values())])
    filled(tmp_path / "park.sqlite", oldest, {}, iter((job, rows)))
    database = opened(tmp_path / "park.sqlite", {})
    assert database.read(lambda c: c.execute(select(jobs.c.retries)).scalar_one()) == 0
    assert database.read(lambda c: c.execute(select(job_files.c.sha256)).scalar_one()) == "ab" * 32
    database.close()


_OLD_JOB = {
    "id": "a",
    "user": "ada",
    "status": "completed",
    "entry_point": "m:f",
    "attempt": 1,
    "fresh": 0,
    "restartable": 0,
    "cancel_requested": 0,
    "submitted": "2026-11-27T08:00:00Z",
}


def test_one_of_a_newer_park_is_refused(
    full: FullHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup_of(full.home, tmp_path / "backup")
    monkeypatch.setattr("park_server.backup.restoring.revisions", lambda: ["0001"])
    with pytest.raises(CannotSatisfy, match="of a newer park; this one knows the schemas up to"):
        checked(tmp_path / "backup")


def test_a_disk_that_is_too_small_is_told_first(
    full: FullHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup_of(full.home, tmp_path / "backup")
    none_free = type("Usage", (), {"free": 10})
    monkeypatch.setattr("shutil.disk_usage", lambda _: none_free)
    with pytest.raises(CannotSatisfy, match=r"10 B(ytes)? free"):
        restore(tmp_path / "backup", tmp_path / "new")


def test_a_tar_has_no_names_of_users(full: FullHome, tmp_path: Path) -> None:
    """Names may be anything: in the archive there are digests alone."""
    backup_of(full.home, tmp_path / "backup.tar")
    with tarfile.open(tmp_path / "backup.tar") as tar:
        assert all(n == "backup.jsonl" or n.startswith("contents/") for n in tar.getnames())
