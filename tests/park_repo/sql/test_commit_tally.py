from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from park_repo.database import Database
from park_repo.sql.commit_tally import CommitTally

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection


def test_what_raises_was_no_commit() -> None:
    tally = CommitTally()
    with tally.timed(3):
        pass
    with pytest.raises(OSError, match="full"), tally.timed(2):
        raise OSError("full")
    assert (tally.changes, tally.seconds.count) == (3, 1)


def test_a_database_counts_its_commits_and_what_shares_one(tmp_path: Path) -> None:
    database = Database.sqlite(tmp_path / "x.sqlite")

    def change(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE IF NOT EXISTS x (y)"))

    try:
        with database.together() as batch:
            both = [batch.write(change), batch.write(change)]
        for each in both:
            each.result()
        assert (database.tally.changes, database.tally.seconds.count) == (2, 1)
        assert not database.is_damaged
    finally:
        database.close()
    assert "condemned" in str(database.condemn("condemned"))
    assert database.is_damaged
