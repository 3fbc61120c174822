"""From SQLite to PostgreSQL: the state of a stopped service, all of it or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.labs.backup_lab import full_home, no_word, rows_of
from support.labs.databases import empty_url
from support.neighbours.postgresql import server

from park.errors import CannotSatisfy, Conflict
from park_server.backup.moving import moved
from park_server.db.portable_rows import put_rows
from park_server.home import Home, stopped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import URL


@pytest.fixture
def url(tmp_path: Path) -> Iterator[URL]:
    found = empty_url(tmp_path)
    yield found
    server().drop(str(found.database))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return full_home(tmp_path / "home").home


def test_the_state_is_there_and_the_home_says_where(home: Home, url: URL) -> None:
    before = rows_of(home)
    kept = moved(home, url, no_word)
    assert rows_of(home, url) == before
    assert (home.path / "database").read_text() == f"{url.render_as_string()}\n"
    assert not home.database.exists()
    assert kept.stat().st_size
    with pytest.raises(CannotSatisfy, match="its file `database` names"):
        moved(home, url, no_word)


def test_a_service_that_runs_is_not_moved(home: Home, url: URL) -> None:
    with stopped(home), pytest.raises(Conflict, match="a park service runs on the home") as told:
        moved(home, url, no_word)
    assert "stop it first" in (told.value.hint or "")
    assert home.database.exists()


@pytest.mark.slow
def test_one_that_is_cut_off_leaves_the_file_and_an_empty_database(
    home: Home, url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows_of(home)

    def failing(*arguments: object) -> int:
        put_rows(*arguments)  # type: ignore[arg-type]
        if arguments[1].table == "jobs":  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        return 0

    with monkeypatch.context() as cut:
        cut.setattr("park_server.backup.home_rows.put_rows", failing)
        with pytest.raises(KeyboardInterrupt):
            moved(home, url, no_word)
    assert rows_of(home) == before
    assert not (home.path / "database").exists()
    moved(home, url, no_word)
    assert rows_of(home, url) == before
