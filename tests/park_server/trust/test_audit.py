from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError
from support.labs.databases import database_at

from park_repo.database import Database
from park_server.clock import later
from park_server.db.portable_schema import LEAST_KEPT_DAYS, USER_ACTIONS
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


def _at(database: Database, time: str, *actions: str) -> None:
    rows = [
        {"time": time, "user": "ada", "address": "", "action": each, "subject": "x", "data": {}}
        for each in actions
    ]
    database.write(lambda c: _run(c, insert(table).values(rows))).result()


def _actions(database: Database) -> list[str]:
    return [each.action for each in database.read(lambda c: audit.listing(c, limit=100))]


def test_old_entries_of_what_users_do_for_themselves_may_go_and_no_others(
    database: Database,
) -> None:
    before = _actions(database)
    _at(database, "2020-01-01T00:00:00.000000Z", *USER_ACTIONS, "user.add", "wheel.quarantine")
    for statement in (delete(table), update(table).values(user="eve")):
        with pytest.raises(DBAPIError, match="the audit log only grows"):
            database.write(partial(_run, statement=statement)).result()
    forget = partial(audit.forget, before="2021-01-01T00:00:00.000000Z")
    assert database.write(forget).result() == len(USER_ACTIONS)
    assert database.write(forget).result() == 0
    assert _actions(database) == ["wheel.quarantine", "user.add", *before]


def test_what_is_young_stays_whatever_is_asked(database: Database) -> None:
    """Who gets a service to forget too soon finds that its database does not."""
    _at(database, later(timedelta(days=1 - LEAST_KEPT_DAYS)), "login")
    with pytest.raises(DBAPIError, match="the audit log only grows"):
        database.write(partial(audit.forget, before="9999")).result()
    _at(database, later(timedelta(days=-1 - LEAST_KEPT_DAYS)), "login")
    soon = later(timedelta(days=-LEAST_KEPT_DAYS))
    assert database.write(partial(audit.forget, before=soon)).result() == 1
