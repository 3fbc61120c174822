"""`park_server.accounts.assignment`: who has which account, and for how long."""

from __future__ import annotations

import asyncio
import os
import pwd
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.session.limits import LIMIT_S

from park.errors import CannotSatisfy
from park_repo.database import Database
from park_server.accounts import account_rows
from park_server.accounts.account import NumberRange
from park_server.accounts.assignment import Accounts
from park_server.db.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = NumberRange(first=70_000, last=70_001)
HOMES = Path("/srv/park/homes")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database.sqlite(tmp_path / "park.sqlite")
    metadata.create_all(found.engine)
    yield found
    found.close()


def accounts(
    database: Database, numbers: NumberRange | None = NUMBERS, **named: str | None
) -> Accounts:
    return Accounts(database, operator="root", homes=HOMES, numbers=numbers, named=named.get)


def test_each_user_has_a_number_for_good(database: Database) -> None:
    ada, bob = accounts(database).of("ada"), accounts(database).of("bob")
    assert ada is not None
    assert bob is not None
    assert (ada.uid, bob.uid) == (70_000, 70_001)
    assert ada.home == HOMES / "70000"
    assert accounts(database).of("ada") == ada


def test_the_operator_has_the_account_of_the_service(database: Database) -> None:
    assert accounts(database).of("root") is None
    assert accounts(database).owner_of("root") is None
    assert accounts(database).owner_of("ada") == (70_000, 70_000)


def test_without_numbers_all_have_it(database: Database) -> None:
    without = accounts(database, None)
    assert without.of("ada") is None
    assert not without.are_given


def test_who_finds_none_left_is_told_so(database: Database) -> None:
    there = accounts(database)
    for user in ("ada", "bob"):
        there.of(user)
    with pytest.raises(CannotSatisfy, match="no account is left for eve") as raised:
        there.of("eve")
    assert "--job-accounts" in str(raised.value.hint)


def test_the_policy_names_an_account_of_the_machine(database: Database) -> None:
    entry = pwd.getpwnam("nobody")
    found = accounts(database, ada="nobody", root="nobody")
    for user in ("ada", "root"):
        account = found.of(user)
        assert account is not None
        assert (account.uid, account.gid) == (entry.pw_uid, entry.pw_gid)
        assert str(account.home) == entry.pw_dir
        assert set(account.groups) == set(os.getgrouplist("nobody", entry.pw_gid)) - {entry.pw_gid}


@pytest.mark.parametrize(
    ("named", "said"), [("no-such-account", "which this machine has not"), ("root", "is root")]
)
def test_an_account_that_cannot_be_is_told(database: Database, named: str, said: str) -> None:
    with pytest.raises(CannotSatisfy, match=said) as raised:
        accounts(database, ada=named).of("ada")
    assert "policy.toml" in str(raised.value.hint)


def test_the_loop_waits_for_no_commit_where_an_account_is_given_before(
    database: Database,
) -> None:
    """Who is new here needs a number, and the writer may be at what somebody else has sent."""
    may_write = threading.Event()
    busy = database.write(lambda _: may_write.wait(LIMIT_S))
    here = accounts(database)

    async def scenario() -> None:
        given = [asyncio.create_task(here.give("ada")) for _ in range(2)]
        await asyncio.sleep(0)  # which the loop comes back from
        assert not any(each.done() for each in given)
        may_write.set()
        await asyncio.gather(*given)

    asyncio.run(scenario())
    assert busy.result()
    database.close()  # so that whoever writes is refused
    assert here.owner_of("ada") == (70_000, 70_000)


def test_nobody_is_given_what_he_does_not_need(database: Database) -> None:
    named = accounts(database, ada="daemon")
    without = accounts(database, None)
    for here, user in ((named, "ada"), (named, "root"), (without, "ada")):
        asyncio.run(here.give(user))
    assert database.read(account_rows.every) == {}


def test_where_none_is_left_it_is_told_to_who_needs_it(database: Database) -> None:
    here = accounts(database)
    for user in ("ada", "bob", "eve"):
        asyncio.run(here.give(user))
    with pytest.raises(CannotSatisfy, match="no account is left for eve"):
        here.of("eve")
