from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.labs.databases import database_at
from support.material.open_doors import unheard

from park.errors import OverLimit, UnknownItem, UsageError
from park_repo.database import Database
from park_server.trust import audit
from park_server.trust import sharing as sharing_module
from park_server.trust.audit import Actor
from park_server.trust.directory import Directory
from park_server.trust.noted import change_rate
from park_server.trust.noted.change_rate import ChangeRate
from park_server.trust.sharing import Sharing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = Actor(user="root")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path)
    yield database
    database.close()


@pytest.fixture
def directory(database: Database, tmp_path: Path) -> Directory:
    """Give the users ada, bob and lab, and the groups lab and team, both with bob."""
    directory = Directory(database, "root", tmp_path / "policy.toml", changed=unheard)
    for name in ("ada", "bob", "lab"):
        asyncio.run(directory.add(name, [], None, again=False, actor=ROOT))
    for group in ("lab", "team"):
        asyncio.run(directory.join(group, "bob", ROOT))
    return directory


def share(sharing: Sharing, whom: str) -> list[str]:
    asyncio.run(sharing.share("ada", "demo", whom, Actor(user="ada")))
    return [each.whom for each in sharing.listing("ada", "demo")]


def test_a_project_is_shared_with_a_user_or_a_group(
    database: Database, directory: Directory
) -> None:
    sharing = Sharing(database, directory, ChangeRate(lambda: 0.0))
    assert sharing.with_user("bob") == frozenset()
    assert share(sharing, "bob") == ["user:bob"]
    assert share(sharing, "user:bob") == ["user:bob"]
    assert sharing.with_user("bob") == {("ada", "demo")}
    assert sharing.with_user("lab") == frozenset()
    asyncio.run(sharing.unshare("ada", "demo", "bob", ROOT))
    assert share(sharing, "team") == ["group:team"]
    again = Sharing(database, directory, ChangeRate(lambda: 0.0))
    assert again.with_user("bob") == {("ada", "demo")}
    before = sharing.generation
    asyncio.run(directory.leave("team", "bob", ROOT))
    assert sharing.with_user("bob") == frozenset()
    assert sharing.generation != before


@pytest.mark.parametrize(
    ("whom", "error", "what"),
    [
        ("eve", UnknownItem, "no user eve"),
        ("group:ada", UnknownItem, "no group ada"),
        ("lab", UsageError, "lab is a user, and a group"),
        ("role:lab", UsageError, "neither user:NAME nor group:NAME"),
    ],
)
def test_with_whom_must_be_plain(
    database: Database, directory: Directory, whom: str, error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what):
        share(Sharing(database, directory, ChangeRate(lambda: 0.0)), whom)


def test_what_was_not_shared_is_said(database: Database, directory: Directory) -> None:
    sharing = Sharing(database, directory, ChangeRate(lambda: 0.0))
    share(sharing, "bob")
    with pytest.raises(UnknownItem, match="demo is not shared with team"):
        asyncio.run(sharing.unshare("ada", "demo", "team", ROOT))


def test_nobody_shares_without_end(
    database: Database, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Projects that are nowhere can be shared, too: all of that is in memory, and read anew."""
    monkeypatch.setattr(sharing_module, "_MOST_OF_OWNER", 3)
    sharing = Sharing(database, directory, ChangeRate(lambda: 0.0))
    ada = Actor(user="ada")
    for number in range(3):
        asyncio.run(sharing.share("ada", f"demo-{number}", "bob", ada))
    with pytest.raises(OverLimit, match="ada shares 3 times"):
        asyncio.run(sharing.share("ada", "demo-3", "bob", ada))
    asyncio.run(sharing.share("bob", "demo", "ada", Actor(user="bob")))
    asyncio.run(sharing.unshare("ada", "demo-0", "bob", ada))
    asyncio.run(sharing.share("ada", "demo-3", "bob", ada))


def test_what_is_shared_already_is_written_no_more(
    database: Database, directory: Directory
) -> None:
    sharing = Sharing(database, directory, ChangeRate(lambda: 0.0))
    for _ in range(3):
        share(sharing, "bob")
    found = database.read(lambda c: audit.listing(c, action="share", limit=10))
    assert [entry.data for entry in found] == [{"whom": "user:bob"}]


def test_who_shares_and_takes_back_for_ever_is_stopped(
    database: Database, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_rate, "_OF_A_DAY", {"shares": 2})
    sharing = Sharing(database, directory, ChangeRate(lambda: 0.0))
    for _ in range(2):
        share(sharing, "bob")
        share(sharing, "bob")
        asyncio.run(sharing.unshare("ada", "demo", "bob", ROOT))
    with pytest.raises(OverLimit, match="ada had 2 shares in a day"):
        share(sharing, "bob")
