from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from park.errors import CannotSatisfy, Conflict
from park_repo.database import Database
from park_server.db.migrate import revisions, schema_of, upgrade
from park_server.db.of_home import opened_for, planned_upgrade, upgraded
from park_server.home import Home, stopped

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def test_what_leads_to_the_newest_is_said_in_its_order() -> None:
    known = revisions()
    plan = planned_upgrade(known[2])
    assert plan.steps == (known[1], known[0])
    assert plan.line == (
        f"the schema is {known[2]}, this park has {known[0]}: {known[1]}, {known[0]}"
    )
    assert planned_upgrade(known[0]).line == (
        f"the schema is {known[0]}, the newest that this park knows"
    )


def test_a_stopped_service_is_brought_up_to_date(home: Home) -> None:
    old = Database.sqlite(home.database)
    upgrade(old.engine, revisions()[-1])
    old.close()
    with stopped(home), pytest.raises(Conflict, match="a park service runs on the home"):
        upgraded(home, None)
    upgraded(home, None)
    database = opened_for(home, None)
    assert database.read(schema_of) == revisions()[0]
    database.close()


def test_a_home_without_its_database_gets_no_empty_one(home: Home) -> None:
    (home.jobs / "a").mkdir()
    with pytest.raises(CannotSatisfy, match=r"is missing, but the home has 1 folder of jobs"):
        opened_for(home, None)
