from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from park.errors import CannotSatisfy
from park_server.db.migrate import revisions
from park_server.db.opening import opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a database of park, closed."""
    path = tmp_path / "park.sqlite"
    opened(path, {}).close()
    return path


def refusal(path: Path, **beside: Path) -> str:
    """Return why the database is not opened, with the remedy; it must be as it was."""
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(CannotSatisfy) as refused:
        opened(path, beside)
    assert (path.read_bytes() if path.exists() else None) == before
    assert refused.value.hint is not None
    return f"{refused.value.message}\n{refused.value.hint}"


def changed(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_new_one_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    database = opened(tmp_path / "park.sqlite", {"wheels": tmp_path / "index"})
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("park.sqlite*")} == {0o600}
    database.close()


@pytest.mark.parametrize("is_there", [False, True])
def test_a_full_home_without_its_database_is_not_begun_anew(
    tmp_path: Path, *, is_there: bool
) -> None:
    wheels, jobs = tmp_path / "index", tmp_path / "jobs"
    for number in range(3):
        (wheels / str(number)).mkdir(parents=True)
    (jobs / "0199").mkdir(parents=True)
    path = tmp_path / "park.sqlite"
    if is_there:
        path.touch()
    message = refusal(path, wheels=wheels, jobs=jobs)
    assert "empty" in message if is_there else "missing" in message
    assert "3 wheels and 1 jobs" in message
    assert "backup" in message


def test_what_is_no_file_is_told_and_left(tmp_path: Path) -> None:
    for kind in (Path.mkdir, os.mkfifo):
        place = tmp_path / f"{kind.__name__}.sqlite"
        kind(place)
        with pytest.raises(CannotSatisfy, match="is no file, and the database should be there"):
            opened(place, {})
        assert place.exists()


def test_one_that_cannot_be_written_to_is_told_before_anything_is(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=0)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.MonkeyPatch.context() as patched:
            really = sqlite3.connect
            patched.setattr(sqlite3, "connect", lambda place, **_: really(place, timeout=0))
            assert "nobody else may hold it" in refusal(path)


def test_a_schema_that_is_none_is_told_without_its_statement(path: Path) -> None:
    changed(path, "UPDATE alembic_version SET version_num = '0001'")
    message = refusal(path)
    assert "cannot be brought up to date: table" in message
    assert "CREATE TABLE" not in message


def test_one_of_a_newer_park_is_told_by_its_schema(path: Path) -> None:
    changed(path, "UPDATE alembic_version SET version_num = '9999'")
    message = refusal(path)
    assert "9999, of a newer park" in message
    assert f"up to {revisions()[0]}" in message


@pytest.mark.parametrize("offset", [0, 4096, 3 * 4096])
def test_a_damaged_one_is_told_as_that(path: Path, offset: int) -> None:
    changed(path, "VACUUM")  # what is free after the migrations is nobody's loss
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * 4096)
    message = refusal(path)
    assert "is damaged" in message
    assert "backup" in message


def test_one_of_something_else_is_not_taken(tmp_path: Path) -> None:
    changed(tmp_path / "park.sqlite", "CREATE TABLE birds (name TEXT)")
    assert "not of a park service" in refusal(tmp_path / "park.sqlite")


def test_one_whose_tables_are_in_the_way_of_a_migration_is_left(path: Path) -> None:
    changed(path, "UPDATE alembic_version SET version_num = '0001'")
    assert "cannot be brought up to date" in refusal(path)
