"""What ``park admin backup|restore|move|migrate`` print, and with which status they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.labs.backup_lab import FullHome, full_home, rows_of
from support.labs.databases import empty_url
from support.neighbours.postgresql import server

from park.cli.main import main
from park_repo.database import Database
from park_server.db.migrate import revisions, upgrade
from park_server.home import Home, stopped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import URL

Said = pytest.CaptureFixture[str]


@pytest.fixture
def full(tmp_path: Path) -> FullHome:
    return full_home(tmp_path / "home")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[URL]:
    found = empty_url(tmp_path)
    yield found
    server().drop(str(found.database))


def admin(*words: object) -> int:
    return main(["admin", *map(str, words)])


def test_a_backup_and_its_restoration(full: FullHome, tmp_path: Path, capsys: Said) -> None:
    backup, new = tmp_path / "backup.tar", tmp_path / "new"
    assert admin("backup", "--home", full.home.path, backup) == 0
    said = capsys.readouterr()
    assert said.err.startswith("park admin: copying the database\n")
    assert said.out.startswith(f"{backup}: ")
    assert " rows and 9 files, " in said.out
    assert admin("restore", "--check", backup) == 0
    assert capsys.readouterr().out.endswith(" by park 0.1.0: whole\n")
    assert not new.exists()
    assert admin("restore", backup) == 2
    assert "name it with --home DIR" in capsys.readouterr().err
    assert admin("restore", "--home", new, backup) == 0
    assert f"restored to {new}; serve it: park serve --home {new}\n" in capsys.readouterr().out
    assert rows_of(Home(new)) == rows_of(full.home)


def test_what_a_home_lacks_is_told_with_a_status(
    full: FullHome, tmp_path: Path, capsys: Said
) -> None:
    (full.home.files / full.left[:2] / full.left).unlink()
    assert admin("backup", "--home", full.home.path, tmp_path / "backup") == 5
    assert f"files/{full.left[:2]}/{full.left} is not there" in capsys.readouterr().err
    assert admin("restore", "--check", tmp_path / "backup") == 0
    assert "lacking already when it was made: files/" in capsys.readouterr().out


def test_a_damaged_backup_is_told(full: FullHome, tmp_path: Path, capsys: Said) -> None:
    assert admin("backup", "--home", full.home.path, tmp_path / "backup") == 0
    (tmp_path / "backup" / "backup.jsonl").write_text("{}\n")
    assert admin("restore", "--home", tmp_path / "new", tmp_path / "backup") == 5
    assert "is damaged" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_restoration_into_postgresql_notes_where(
    full: FullHome, tmp_path: Path, url: URL, capsys: Said
) -> None:
    where = url.render_as_string()
    assert admin("backup", "--home", full.home.path, tmp_path / "backup") == 0
    new = tmp_path / "new"
    assert admin("restore", "--home", new, "--database", where, tmp_path / "backup") == 0
    assert f"its state in {where}" in capsys.readouterr().out
    assert (new / "database").read_text() == f"{where}\n"
    assert rows_of(Home(new), url) == rows_of(full.home)


def test_a_move(full: FullHome, url: URL, capsys: Said) -> None:
    home, where = full.home.path, url.render_as_string()
    with stopped(full.home):
        assert admin("move", "--home", home, "--to", where) == 5
    assert "stop it first" in capsys.readouterr().err
    assert admin("move", "--home", home, "--to", where) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"the state of {home} is in {where}, as its file `database` says")
    assert "the SQLite file is kept as " in said
    assert admin("migrate", "--home", home) == 0


def test_a_migration_is_said_before_it_is_done(tmp_path: Path, capsys: Said) -> None:
    home, (newest, *_, oldest) = Home(tmp_path / "home"), revisions()
    home.prepare()
    old = Database.sqlite(home.database)
    upgrade(old.engine, oldest)
    old.close()
    for check in ("--check", "--check"):
        assert admin("migrate", "--home", home.path, check) == 5
        said = capsys.readouterr().out
        assert said.startswith(f"the schema is {oldest}, this park has {newest}: 0002, ")
    assert admin("migrate", "--home", home.path) == 0
    assert capsys.readouterr().out.endswith(f"the schema is {newest} now\n")
    assert admin("migrate", "--home", home.path, "--check") == 0
    assert admin("migrate", "--home", tmp_path / "none") == 2
