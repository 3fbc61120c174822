from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.labs.databases import database_at
from support.material.open_doors import unheard

from park.errors import Conflict, NotPermitted, UnknownItem, UsageError
from park_repo.database import Database
from park_server.trust import audit
from park_server.trust.audit import Actor
from park_server.trust.directory import Directory
from park_server.trust.rights import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = Actor(user="root", address="127.0.0.1")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path)
    yield database
    database.close()


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


@pytest.fixture
def directory(database: Database, policy_file: Path) -> Directory:
    return Directory(database, "root", policy_file, changed=unheard)


def add(directory: Directory, name: str, *roles: str, again: bool = False) -> None:
    asyncio.run(directory.add(name, roles, None, again=again, actor=ROOT))


def test_the_operator_is_alone_and_may_all_without_any_set_up(directory: Directory) -> None:
    assert directory.standing("root") == (ALL, frozenset())
    assert directory.is_alone
    assert not directory.is_user("ada")
    assert directory.standing("ada")[0].spelled() == []


def test_users_outlive_the_service(database: Database, directory: Directory) -> None:
    add(directory, "ada", "upload:lab-*")
    again = Directory(database, "root", directory.policy_file, changed=unheard)
    assert not again.is_alone
    assert again.is_user("ada")
    assert "upload:lab-*" in again.standing("ada")[0].spelled()


def test_who_could_not_be_kept_apart_is_not_added(database: Database, policy_file: Path) -> None:
    directory = Directory(
        database, "root", policy_file, not_apart=["jobs can read the token"], changed=unheard
    )
    with pytest.raises(NotPermitted, match="jobs can read the token") as caught:
        add(directory, "ada")
    assert "--trust-all" in str(caught.value.hint)
    assert directory.is_alone


def test_a_name_is_given_once(directory: Directory) -> None:
    add(directory, "ada")
    for name in ("ada", "root"):
        with pytest.raises(Conflict, match="there is a user"):
            add(directory, name)
    asyncio.run(directory.remove("ada", ROOT))
    assert not directory.is_user("ada")
    with pytest.raises(Conflict, match="ada was a user until"):
        add(directory, "ada")
    add(directory, "ada", again=True)
    assert directory.is_user("ada")


def test_groups_are_those_of_the_file_and_those_of_the_table(
    database: Database, policy_file: Path
) -> None:
    policy_file.write_text(
        '[everybody]\nroles = []\n[groups.lab]\nmembers = ["ada"]\nroles = ["submit"]\n'
    )
    directory = Directory(database, "root", policy_file, changed=unheard)
    add(directory, "ada")
    add(directory, "bob")
    assert directory.standing("ada")[1] == {"lab"}
    asyncio.run(directory.join("lab", "bob", ROOT))
    assert directory.standing("bob")[0].spelled() == ["submit"]
    assert [(each.name, each.members) for each in directory.groups()] == [("lab", ["ada", "bob"])]
    asyncio.run(directory.leave("lab", "bob", ROOT))
    assert directory.standing("bob")[0].spelled() == []
    with pytest.raises(UsageError, match="ada is in lab by the policy file"):
        asyncio.run(directory.leave("lab", "ada", ROOT))
    with pytest.raises(UnknownItem, match="no user eve"):
        asyncio.run(directory.join("lab", "eve", ROOT))


def test_a_policy_is_read_again_and_kept_where_the_new_one_is_wrong(
    directory: Directory, policy_file: Path
) -> None:
    add(directory, "ada")
    policy_file.write_text('[everybody]\nroles = ["query"]\n')
    asyncio.run(directory.reload_policy(ROOT))
    assert directory.standing("ada")[0].spelled() == ["query"]
    policy_file.write_text('[everybody]\nroles = ["query", "rule"]\n')
    with pytest.raises(UsageError, match=r"policy.toml, line 2: 'rule' is no role"):
        asyncio.run(directory.reload_policy(ROOT))
    assert directory.standing("ada")[0].spelled() == ["query"]


def test_a_service_does_not_begin_with_a_policy_that_is_wrong(
    database: Database, policy_file: Path
) -> None:
    policy_file.write_text("[everybody]\nrole = []\n")
    with pytest.raises(UsageError, match="line 2"):
        Directory(database, "root", policy_file, changed=unheard)
    policy_file.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="is not UTF-8"):
        Directory(database, "root", policy_file, changed=unheard)


def test_the_operator_is_no_user_of_the_table(directory: Directory) -> None:
    with pytest.raises(UsageError, match="root operates this service"):
        asyncio.run(directory.remove("root", ROOT))


def test_each_change_is_noted_with_who_made_it(database: Database, directory: Directory) -> None:
    add(directory, "ada", "operate")
    asyncio.run(directory.set_roles("ada", ["admin"], ROOT))
    asyncio.run(directory.set_password("ada", "encoded", ROOT))
    asyncio.run(directory.remove("ada", ROOT))
    entries = database.read(lambda c: audit.listing(c, limit=10))
    assert [(e.action, e.subject, e.user, e.address) for e in entries] == [
        ("user.remove", "ada", "root", "127.0.0.1"),
        ("user.password", "ada", "root", "127.0.0.1"),
        ("user.roles", "ada", "root", "127.0.0.1"),
        ("user.add", "ada", "root", "127.0.0.1"),
    ]
    assert "encoded" not in str(entries)
