"""Where the state of a service is: what is said, what the home says, and no password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from park.errors import UsageError
from park_server.db.address import address_of, named_in, shown

if TYPE_CHECKING:
    from pathlib import Path

URL = "postgresql+psycopg://ada@db.lab.example/park"


def test_nothing_said_is_the_homes_own(tmp_path: Path) -> None:
    assert address_of(tmp_path, None, None) is None


def test_a_home_names_its_database(tmp_path: Path) -> None:
    (tmp_path / "database").write_text(f"{URL}\n")
    assert named_in(tmp_path) == URL
    found = address_of(tmp_path, None, None)
    assert found is not None
    assert shown(found) == URL
    other = address_of(tmp_path, "postgresql://h/other", None)
    assert other is not None
    assert shown(other) == "postgresql+psycopg://h/other"


def test_the_password_is_read_from_a_file_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\nmore")
    found = address_of(tmp_path, URL, tmp_path / "secret")
    assert found is not None
    assert found.password == "hunter2"
    assert "hunter2" not in shown(found) + str(found) + repr(found)


@pytest.mark.parametrize("said", ["postgresql://ada:hunter2@h/park", f"{URL}?password=hunter2"])
def test_a_password_for_everybody_to_read_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(UsageError, match="has a password in it") as refused:
        address_of(tmp_path, said, None)
    assert "hunter2" not in str(refused.value)
    assert "pgpass" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("park", "is no URL"),
        ("mysql://h/park", "expected PostgreSQL"),
        ("sqlite:///park.sqlite", "expected PostgreSQL"),
        ("postgresql://h", "names no database"),
    ],
)
def test_what_is_no_such_database_is_refused(tmp_path: Path, said: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        address_of(tmp_path, said, None)


def test_a_password_needs_a_database_and_its_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no --database"):
        address_of(tmp_path, None, tmp_path / "secret")
    with pytest.raises(UsageError, match="No such file"):
        address_of(tmp_path, URL, tmp_path / "secret")
