from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.labs.databases import database_at

from park_repo.database import Database
from park_server.trust import audit
from park_server.trust.audit import Actor
from park_server.trust.noted.failed_logins import FailedLogins


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path)
    yield database
    database.close()


def test_of_a_flood_the_log_has_the_first_and_how_many_and_of_whom(database: Database) -> None:
    moment = 0.0
    failed = FailedLogins(lambda: moment)

    def fail(user: str, address: str) -> None:
        if (entries := failed.entries(Actor(user=user, address=address), user)) is not None:
            database.write(entries).result()

    for each in range(5_000):
        fail("ada" if each % 2 else f"guess-{each}", f"192.0.2.{each % 4}")
    found = database.read(lambda c: audit.listing(c, limit=1_000))
    assert len(found) == 200
    taken = failed.taken()
    assert taken is not None
    assert failed.taken() is None, "they are whoever's who took them"
    failed.give_back(taken)
    assert failed.taken() == taken
    database.write(taken.write).result()
    moment = 3_600.0
    fail("bob", "192.0.2.9")
    newest, folded = database.read(lambda c: audit.listing(c, limit=2))
    assert (newest.subject, newest.address) == ("bob", "192.0.2.9")
    assert (folded.action, folded.subject) == ("login.failed", "many")
    assert folded.data["others"] == 4_800
    assert folded.data["users"]["ada"] == 2_400
    assert len(folded.data["users"]) == 10
    assert set(folded.data["addresses"]) == {f"192.0.2.{n}" for n in range(4)}
