"""What a backup has, and what it tells."""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert
from support.labs.backup_lab import ODD_NAME, FullHome, backup_of, full_home, no_word
from support.labs.rows import new_job

from park.errors import CannotSatisfy, Conflict, NotPermitted, UsageError
from park_repo.database import Database
from park_server.backup.belongings import Belongings, belongings
from park_server.backup.home_rows import reading
from park_server.backup.making import make_backup
from park_server.db.portable_rows import Rows, tables_of
from park_server.db.tables import events
from park_server.home import Home
from park_server.retention.hold import Hold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection


@pytest.fixture
def full(tmp_path: Path) -> FullHome:
    return full_home(tmp_path / "home")


def test_a_backup_has_what_the_database_names_and_what_users_keep(
    full: FullHome, tmp_path: Path
) -> None:
    record = backup_of(full.home, tmp_path / "backup")
    assert record.lacking == ()
    assert record.tables["jobs"].rows == 3
    found = {entry.path: entry for entry in record.entries}
    files = {path for path, entry in found.items() if entry.kind == "file"}
    area = "areas/v1/users/ada"
    assert files == {
        "token",
        "policy.toml",
        f"index/files/{full.wheel[:2]}/{full.wheel}/demo-1.0-py3-none-any.whl",
        f"files/{full.left[:2]}/{full.left}",
        f"cache/index/files/{full.locked}/other-2-py3-none-any.whl",
        *(f"jobs/{job}/stdout" for job in ("ended", "running", "waiting")),
        f"{area}/{ODD_NAME}",
    }
    assert found[f"{area}/link"].target == "/etc/hostname"
    assert found["token"].mode == 0o600
    assert "jobs/running/attempt-2" in found
    assert "jobs/running/attempt-1" not in found


def test_what_the_home_lacks_is_told_and_the_rest_is_kept(full: FullHome, tmp_path: Path) -> None:
    wheel = next((full.home.index / "files").rglob("*.whl"))
    wheel.write_bytes(b"scribbled on")
    (full.home.files / full.left[:2] / full.left).unlink()
    record = backup_of(full.home, tmp_path / "backup")
    assert [line.partition(" ")[2].partition(":")[0] for line in record.lacking] == [
        "is damaged",
        "is not there",
    ]
    assert not any(entry.sha256 == full.left for entry in record.entries)


def test_rows_are_those_of_one_moment_whatever_is_written_meanwhile(
    full: FullHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each table is read later than the one before; a job of now is in none."""
    database = Database.sqlite(full.home.database)

    def read(connection: Connection) -> Iterator[Rows]:
        for number, rows in enumerate(tables_of(connection)):
            database.write(partial(new_job, job=f"new-{number}")).result()
            yield rows

    monkeypatch.setattr("park_server.backup.making.tables_of", read)
    record = backup_of(full.home, tmp_path / "backup")
    database.close()
    assert record.tables["jobs"].rows == record.tables["calls"].rows == 3


def test_nothing_is_removed_meanwhile(
    full: FullHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def read(connection: Connection) -> Belongings:
        with pytest.raises(Conflict), Hold(full.home.path).removing():
            pass
        tried.append(True)
        return belongings(connection)

    monkeypatch.setattr("park_server.backup.making.belongings", read)
    backup_of(full.home, tmp_path / "backup")
    assert tried


def test_a_backup_waits_for_a_removal_that_is_under_way(full: FullHome, tmp_path: Path) -> None:
    waiting, said = threading.Event(), []

    def told(line: str) -> None:
        said.append(line)
        waiting.set()

    def make() -> None:
        with reading(full.home, None) as engine:
            make_backup(full.home, engine, tmp_path / "backup", told)

    maker = threading.Thread(target=make)
    with Hold(full.home.path).removing():
        maker.start()
        waiting.wait()
        assert not (tmp_path / "backup").exists()
    maker.join()
    assert said[0] == "waiting until what is being removed is gone"
    assert (tmp_path / "backup").is_dir()


def test_the_counter_of_events_goes_along(full: FullHome, tmp_path: Path) -> None:
    database = Database.sqlite(full.home.database)
    row = {"seq": 99, "time": "", "subject": "", "id": "", "type": "", "user": "", "data": {}}
    database.write(lambda c: c.execute(insert(events), row)).result()
    database.close()
    assert backup_of(full.home, tmp_path / "backup").counters["events"] == 99


def test_what_is_no_home_has_no_backup(full: FullHome, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CannotSatisfy, match="is no home of a service"):
        backup_of(Home(tmp_path / "empty"), tmp_path / "backup")
    with pytest.raises(UsageError, match="is no folder"):
        backup_of(full.home, tmp_path / "nowhere" / "backup")


def test_a_home_of_another_user_is_refused(
    full: FullHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with reading(full.home, None) as engine, pytest.raises(NotPermitted, match="belongs to"):
        make_backup(full.home, engine, tmp_path / "backup", no_word)
