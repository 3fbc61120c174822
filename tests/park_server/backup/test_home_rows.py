from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from support.labs.backup_lab import full_home

from park.errors import CannotSatisfy
from park_repo.database import Database
from park_server.backup import home_rows
from park_server.backup.home_rows import filled, reading
from park_server.db.migrate import revisions, schema_of, upgrade
from park_server.db.portable_rows import Rows
from park_server.home import Home

if TYPE_CHECKING:
    from pathlib import Path


def test_an_older_schema_is_read_where_that_is_enough(tmp_path: Path) -> None:
    home = Home(tmp_path)
    old = Database.sqlite(home.database)
    upgrade(old.engine, revisions()[-1])
    old.close()
    refused = pytest.raises(CannotSatisfy, match="has the schema 0001, and this park has")
    with refused as told, reading(home, None):
        pass
    assert "park admin migrate" in (told.value.hint or "")
    with reading(home, None, is_current=False) as engine, engine.connect() as connection:
        assert schema_of(connection) == revisions()[-1]


def test_another_program_s_database_is_none(tmp_path: Path) -> None:
    home = Home(tmp_path)
    other = Database.sqlite(home.database)
    other.write(lambda c: c.execute(text("CREATE TABLE a (b TEXT)"))).result()
    other.close()
    refused = pytest.raises(CannotSatisfy, match="is not that of a park service")
    with refused, reading(home, None):
        pass


def test_a_server_that_is_not_there_is_told_as_that(tmp_path: Path) -> None:
    url = make_url(f"postgresql+psycopg://park@/park?host={tmp_path}")
    refused = pytest.raises(CannotSatisfy, match="cannot be used")
    with refused as told, reading(Home(tmp_path), url):
        pass
    assert "is it there" in (told.value.hint or "")


def test_rows_that_did_not_arrive_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_home(tmp_path / "home")
    monkeypatch.setattr(home_rows, "put_rows", lambda *_: 1)
    rows = Rows(table="jobs", columns=(), rows=[])
    with pytest.raises(CannotSatisfy, match="does not have the rows"):
        filled(tmp_path / "new.sqlite", revisions()[0], {}, iter([rows]))
