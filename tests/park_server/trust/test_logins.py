from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from support.labs.databases import database_at
from support.material.open_doors import unheard

from park.errors import NotAuthenticated, TooManyAttempts
from park.wire import LoginRequest, TokenRequest
from park_repo.database import Database
from park_server.trust import audit
from park_server.trust.audit import Actor
from park_server.trust.directory import Directory
from park_server.trust.guessing import Guessing
from park_server.trust.identity import Tokens
from park_server.trust.logins import KnownCallers, Logins
from park_server.trust.noted.change_rate import ChangeRate
from park_server.trust.noted.failed_logins import FailedLogins
from park_server.trust.passwords import Passwords
from park_server.trust.rights import ALL, NONE
from park_server.trust.token_book import TokenBook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ROOT = Actor(user="root")
RIGHT = "correct horse"


class World:
    """A service's users: the operator root, and ada with a password."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.directory = Directory(database, "root", folder / "policy.toml", changed=unheard)
        self.book = TokenBook(database, lambda _: None, ChangeRate(lambda: 0.0))
        passwords = Passwords(QUICK)
        failed = FailedLogins(lambda: 0.0)
        self.logins = Logins(
            database,
            self.directory,
            self.book,
            passwords,
            guessing=Guessing(lambda: 1000.0),
            failed=failed,
        )
        fixed = Tokens.of_service("root", home="home", internal="internal")
        self.callers = KnownCallers(fixed, self.book, self.directory)
        encoded = asyncio.run(passwords.hashed(RIGHT))
        asyncio.run(self.directory.add("ada", [], encoded, again=False, actor=ROOT))

    def log_in(self, user: str = "ada", password: str = RIGHT) -> str:
        request = LoginRequest(user=user, password=password)
        return asyncio.run(self.logins.log_in(request, "1.2.3.4")).token


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    database = database_at(tmp_path)
    yield World(database, tmp_path)
    database.close()


def test_who_knows_the_password_gets_a_token(world: World) -> None:
    caller = world.callers.find(world.log_in())
    assert caller is not None
    assert (caller.user, caller.may_all) == ("ada", False)
    entries = world.database.read(lambda c: audit.listing(c, action="login", limit=9))
    assert [(e.action, e.user, e.address) for e in entries] == [("login", "ada", "1.2.3.4")]


@pytest.mark.parametrize("user", ["ada", "eve", "root", ""])
def test_a_wrong_name_and_a_wrong_password_are_told_alike_and_noted(
    world: World, user: str
) -> None:
    with pytest.raises(NotAuthenticated, match="does not know this name with this password"):
        world.log_in(user, "wrong horse")
    (entry,) = world.database.read(lambda c: audit.listing(c, action="login.failed", limit=9))
    assert (entry.user, entry.data) == (user, {"wrong": 1})
    assert "wrong horse" not in str(entry)


def test_after_some_guesses_not_even_the_right_one_is_looked_at(world: World) -> None:
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            world.log_in(password="wrong horse")
    with pytest.raises(TooManyAttempts):
        world.log_in()


def test_many_guesses_at_once_are_no_way_around(world: World) -> None:
    request = LoginRequest(user="ada", password="wrong horse")

    async def all_at_once() -> list[BaseException | object]:
        return await asyncio.gather(
            *(world.logins.log_in(request, "1.2.3.4") for _ in range(12)), return_exceptions=True
        )

    kinds = [type(each) for each in asyncio.run(all_at_once())]
    assert kinds.count(TooManyAttempts) == 7
    assert kinds.count(NotAuthenticated) == 5


def test_who_is_removed_is_let_in_no_more(world: World) -> None:
    token = world.log_in()
    asyncio.run(world.directory.remove("ada", ROOT))
    with pytest.raises(NotAuthenticated, match="ada is no user of this service any more"):
        world.callers.find(token)
    with pytest.raises(NotAuthenticated):
        world.log_in()


def test_a_narrowed_token_has_what_both_allow(world: World) -> None:
    caller = world.callers.find(world.log_in())
    assert caller is not None
    request = TokenRequest(scopes=["upload:lab-*", "submit"])
    made = asyncio.run(world.book.make(caller, request, Actor(user="ada")))
    narrow = world.callers.find(str(made.token))
    assert narrow is not None
    assert narrow.rights.spelled() == ["query", "submit", "upload:lab-*"]
    world.directory.policy_file.write_text('[everybody]\nroles = ["query"]\n')
    asyncio.run(world.directory.reload_policy(ROOT))
    narrow = world.callers.find(str(made.token))
    assert narrow is not None
    assert narrow.rights.spelled() == ["query"]


def test_the_tokens_of_the_service_itself_can_be_rotated(world: World) -> None:
    assert world.callers.find("home") is not None
    world.callers.rotate("new")
    assert world.callers.find("home") is None
    assert world.callers.find("new") is not None
    internal = world.callers.find("internal")
    assert internal is not None
    assert not internal.may_all
    assert world.callers.rights_of("root") is ALL
    assert world.callers.rights_of("nobody") is NONE
