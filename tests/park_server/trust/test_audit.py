from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError
from support.labs.databases import database_at

from park_repo.database import Database
from park_server.db.tables import audit as table
from park_server.trust import audit
from park_server.trust.audit import Actor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Executable


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give a database in which ada did three things and bob one."""
    database = database_at(tmp_path)
    for user, action in (
        *(("ada", "login"), ("ada", "token.make"), ("bob", "tokens"), ("ada", "token.revoke")),
    ):
        actor = Actor(user=user, token="7", address="::1")
        change = partial(audit.append, actor=actor, action=action, subject="x", n=1)
        database.write(change).result()
    yield database
    database.close()


def test_the_newest_is_first_and_what_is_asked_for_is_chosen(database: Database) -> None:
    def found(**wanted: object) -> list[tuple[str, str]]:
        rows = database.read(lambda c: audit.listing(c, limit=10, **wanted))  # type: ignore[arg-type]
        return [(each.user, each.action) for each in rows]

    assert found()[0] == ("ada", "token.revoke")
    assert found(user="bob") == [("bob", "tokens")]
    assert found(action="token") == [("ada", "token.revoke"), ("ada", "token.make")]
    assert found(before=2) == [("ada", "login")]
    assert found(since="9999") == []


def _run(connection: Connection, statement: Executable) -> None:
    connection.execute(statement)


def test_an_entry_is_neither_changed_nor_removed(database: Database) -> None:
    for statement in (delete(table), update(table).values(user="eve")):
        with pytest.raises(DBAPIError, match="the audit log only grows"):
            database.write(partial(_run, statement=statement)).result()
    assert len(database.read(lambda c: audit.listing(c, limit=10))) == 4


def test_a_change_that_fails_leaves_no_entry(database: Database) -> None:
    def fails(_connection: object) -> None:
        raise ValueError

    change = audit.with_entry(fails, Actor(user="eve"), "user.add", "eve")
    with pytest.raises(ValueError):  # noqa: PT011 (its own)
        database.write(change).result()
    assert database.read(lambda c: audit.listing(c, user="eve", limit=10)) == []
