"""`park_server.oidc.device_logins`: begun, waited for, finished once, and mapped to a user."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.labs.install_lab import opened_database

from park.errors import CannotSatisfy, NotAuthenticated, NotPermitted, OverLimit
from park.wire import DeviceTokenRecord
from park_server.oidc.device_logins import DeviceLogins
from park_server.oidc.id_token import Person
from park_server.oidc.openid_issuer import Begun, Pending
from park_server.trust import audit
from park_server.trust.audit import Actor
from park_server.trust.identity import Tokens
from park_server.trust.trust import Trust, trust_of
from park_server.trust.under_way import UnderWay

POLICY = """
[login]
issuer = "https://auth.example"
client = "park"
[login.users]
"s-1" = "ada"
"s-2" = "nobody"
[login.groups]
"beamline" = "lab"
"""


class Far:
    """An issuer that says what it is told."""

    def __init__(self) -> None:
        self.says: Person | Exception = Pending()
        self.nonces: list[str] = []

    async def begin(self, nonce: str) -> Begun:
        self.nonces.append(nonce)
        return Begun(
            device_code="d",
            user_code="CODE",
            uri="https://auth.example/activate",
            uri_complete=None,
            interval_s=5.0,
            expires_s=600.0,
        )

    async def finish(self, device_code: str, nonce: str) -> Person:
        assert (device_code, nonce) == ("d", self.nonces[-1])
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


class World:
    def __init__(self, trust: Trust, logins: DeviceLogins, far: Far) -> None:
        self.trust, self.logins, self.far = trust, logins, far
        self.now = 0.0

    def begin(self, address: str = "::1") -> str:
        return asyncio.run(self.logins.begin(address)).handle

    def finish(self, handle: str, after_s: float = 5.0) -> DeviceTokenRecord:
        self.now += after_s
        return asyncio.run(self.logins.finish(handle, "here", "::1"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a service with two users and an issuer."""
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    with opened_database(tmp_path) as database:
        fixed = Tokens.of_service("root", home="home", internal="internal")
        trust = trust_of(database, tmp_path / "policy.toml", fixed, UnderWay())
        root = Actor(user="root")
        for name in ("ada", "lab"):
            asyncio.run(trust.directory.add(name, [], None, again=False, actor=root))
        far = Far()
        logins = DeviceLogins(
            database=database,
            directory=trust.directory,
            book=trust.book,
            failed=trust.failed_logins,
            issuer=lambda _: far,  # type: ignore[arg-type,return-value]  # as far as it is asked
            clock=lambda: made.now,
        )
        made = World(trust, logins, far)
        yield made


def test_a_login_is_waited_for_and_finished_once(world: World) -> None:
    handle = world.begin()
    assert world.finish(handle) == DeviceTokenRecord(interval_s=5.0)
    world.far.says = Pending(slower_s=5.0)
    assert world.finish(handle) == DeviceTokenRecord(interval_s=10.0)
    world.far.says = Person(subject="s-1")
    assert world.finish(handle, after_s=1.0).login is None, "asked too soon, the issuer is not"
    login = world.finish(handle, after_s=10.0).login
    assert login is not None
    assert login.user == "ada"
    caller = world.trust.callers.find(login.token)
    assert caller is not None
    assert caller.user == "ada"
    with pytest.raises(NotAuthenticated, match="under way"):
        world.finish(handle)


def test_a_group_at_the_issuer_is_a_user_here(world: World) -> None:
    handle = world.begin()
    world.far.says = Person(subject="s-3", groups=("other", "beamline"))
    login = world.finish(handle).login
    assert login is not None
    assert login.user == "lab"


@pytest.mark.parametrize("subject", ["s-2", "s-9", "ada", "root"])
def test_whom_the_policy_names_not_is_nobody_and_that_is_noted(world: World, subject: str) -> None:
    handle = world.begin()
    world.far.says = Person(subject=subject)
    with pytest.raises(NotPermitted, match=f"{subject} of https://auth.example") as caught:
        world.finish(handle)
    assert "[login.users]" in str(caught.value.hint)
    (entry,) = world.logins._database.read(
        lambda c: list(audit.listing(c, action="login.failed", limit=9))
    )
    assert entry.subject == subject


def test_a_refusal_ends_it_and_so_does_time(world: World) -> None:
    handle = world.begin()
    world.far.says = NotAuthenticated("the login was refused at the issuer")
    with pytest.raises(NotAuthenticated, match="refused"):
        world.finish(handle)
    with pytest.raises(NotAuthenticated, match="under way"):
        world.finish(handle)
    old = world.begin()
    with pytest.raises(NotAuthenticated, match="under way"):
        world.finish(old, after_s=600.0)
    with pytest.raises(NotAuthenticated, match="under way"):
        world.finish("made up")


def test_only_so_many_are_under_way(world: World) -> None:
    for _ in range(20):
        world.begin("10.0.0.1")
    with pytest.raises(OverLimit):
        world.begin("10.0.0.1")
    world.begin("10.0.0.2")
    world.now += 600.0
    world.begin("10.0.0.1")


def test_each_has_a_nonce_of_its_own(world: World) -> None:
    handles = {world.begin() for _ in range(3)}
    assert len(handles) == len(set(world.far.nonces)) == 3


def test_without_an_issuer_there_is_none(world: World) -> None:
    assert world.logins.name == "https://auth.example"
    world.trust.directory.policy_file.write_text("", encoding="utf-8")
    asyncio.run(world.trust.directory.reload_policy(Actor(user="root")))
    assert world.logins.name is None
    with pytest.raises(CannotSatisfy, match="no logins of an issuer"):
        world.begin()
