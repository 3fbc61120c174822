"""JSON that was stored comes back by type and digit, also what an older database holds."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select, text
from support.labs.rows import add_job
from support.material.json_values import JSON_VALUES

from park_repo.database import Database
from park_server.db.migrate import migrate, upgrade
from park_server.db.tables import calls, jobs, metadata, results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    found = Database.sqlite(tmp_path_factory.mktemp("values") / "park.sqlite")
    migrate(found.engine)
    found.write(lambda c: add_job(c, "a", "ada", [])).result()
    yield found
    found.close()


@settings(deadline=None, max_examples=300)
@given(JSON_VALUES | st.sampled_from([2.0, -0.0, 2**63 + 1, 1e22, 5e-324, 10**400, "\ud800"]))
def test_what_was_stored_comes_back(database: Database, value: Any) -> None:
    def change(connection: Connection) -> Any:
        connection.execute(results.delete())
        connection.execute(insert(results), {"job": "a", "document": value})
        return connection.execute(select(results.c.document)).scalar_one()

    # two values are the same where their texts are: 2 == 2.0, and 0.0 == -0.0
    assert repr(database.write(change).result()) == repr(value)


def test_no_column_of_json_counts_as_a_number_to_sqlite(database: Database) -> None:
    with database.engine.connect() as connection:
        for table in metadata.tables:
            rows = connection.execute(text(f"PRAGMA table_info({table})")).all()
            assert not [row for row in rows if row.type == "JSON"], table


class TestAnOlderDatabase:
    """What version 0002 stored, read with the tables of today."""

    @staticmethod
    def upgraded(path: Path, *documents: str) -> list[Any]:
        """Return the results that were stored as ``documents``, after the upgrade."""
        database = Database.sqlite(path / "park.sqlite")
        upgrade(database.engine, "0002")

        def fill(connection: Connection) -> None:
            for position, document in enumerate(documents):
                add_job(connection, f"{position:02}", "ada", [position])
                values = {"job": f"{position:02}", "document": document}
                connection.execute(
                    text("INSERT INTO results (job, document) VALUES (:job, :document)"), values
                )

        database.write(fill).result()
        migrate(database.engine)
        query = select(results.c.document).order_by(results.c.job)
        found = list(database.read(lambda c: c.execute(query).scalars()))
        database.close()
        return found

    def test_keeps_what_is_still_exact(self, tmp_path: Path) -> None:
        values = [0.1 + 0.2, math.pi, 5e-324, 7, 2**63 - 1, "2.0", [2.0, -0.0, 2**70], {"a": 1.0}]
        values += [True, "", "\ud800", None]
        found = self.upgraded(tmp_path, *map(json.dumps, values))
        assert list(map(repr, found)) == list(map(repr, values))

    def test_keeps_jobs_with_all_that_refers_to_them(self, tmp_path: Path) -> None:
        self.upgraded(tmp_path, "1", "2")
        database = Database.sqlite(tmp_path / "park.sqlite")
        with database.engine.connect() as connection:
            counts = [
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (jobs, calls, results)
            ]
            assert counts == [2, 2, 2]
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        database.close()

    def test_counts_events_on(self, tmp_path: Path) -> None:
        database = Database.sqlite(tmp_path / "park.sqlite")
        upgrade(database.engine, "0002")
        add = "INSERT INTO events (seq, time, subject, id, type, user, data)"
        add += " VALUES ({}, '', 'job', 'a', 'queued', 'ada', '{{}}')"
        database.write(lambda c: c.execute(text(add.format(41)))).result()
        migrate(database.engine)
        query = text(add.format("NULL") + " RETURNING seq")
        assert database.write(lambda c: c.execute(query).scalar_one()).result() == 42
        database.close()
