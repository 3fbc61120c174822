"""What a start asks of its machine while it loads its code."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from park_repo.database import Database
from park_server.assembly.ahead import asked_ahead
from park_server.assembly.start_stages import Stages
from park_server.home import Home
from park_server.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def settings_of(home: Home, database: str | None = None) -> Settings:
    return Settings.of(home=home.path, upstream="none", database=database)


def test_a_new_home_has_no_damage_and_gets_no_database(home: Home) -> None:
    with asked_ahead(settings_of(home), home) as asked:
        assert asked.damage.result() is None
    assert not home.database.exists()


def test_what_is_no_database_is_told_before_anything_is_loaded(home: Home) -> None:
    home.database.write_bytes(b"no database" * 1000)
    with asked_ahead(settings_of(home), home) as asked:
        assert "not a database" in str(asked.damage.result())
    # one that a server keeps is not looked for in the home
    with asked_ahead(settings_of(home, database="postgresql://ada@db/park"), home) as asked:
        assert asked.damage.result() is None


def test_all_that_the_machine_is_asked_is_answered_and_leaves_nothing(home: Home) -> None:
    Database.sqlite(home.database).close()
    with asked_ahead(settings_of(home), home) as asked:
        assert asked.found_layout(Stages()).name in {"overlay", "hard-links"}
        assert asked.found_interpreters(Stages())
        assert asked.found_isolations(Stages()).own is not None
    assert list(home.path.glob(".trial-*")) == []


def test_it_is_asked_before_what_takes_long_is_loaded() -> None:
    heavy = ("sqlalchemy", "fastapi", "uvicorn", "park_server.serving.serve")
    look = (
        f"import park_server.assembly.frame, sys; print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
