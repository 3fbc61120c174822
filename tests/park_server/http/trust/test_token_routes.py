"""Tokens over HTTP: what each opens, and what ends when one is revoked."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient
from support.labs.databases import database_at
from support.material.open_doors import anybody, nobody, without_limit
from support.session.limits import LIMIT_S
from support.stand_ins.bound import Holder, gate_of

from park.wire import API
from park_repo.database import Database
from park_server.bus import Bus
from park_server.grants.grants import Grants
from park_server.http.app import application
from park_server.trust.audit import Actor
from park_server.trust.identity import Tokens
from park_server.trust.trust import Trust, trust_of
from park_server.trust.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

PASSWORD = "correct horse"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path)
    yield database
    database.close()


@pytest.fixture
def trust(database: Database, tmp_path: Path) -> Trust:
    """Give the users of a service: root operates it, ada may what is usual."""
    tokens = Tokens.of_service("root", home="root-token", internal="internal-token")
    trust = trust_of(database, tmp_path / "policy.toml", tokens, UnderWay())
    trust.passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    trust.logins._guessing._clock = lambda: 1000.0  # no wait is over because a test is slow
    encoded = asyncio.run(trust.passwords.hashed(PASSWORD))
    asyncio.run(trust.directory.add("ada", [], encoded, again=False, actor=Actor(user="root")))
    return trust


async def took(_user: str, _size: int) -> None:
    """Let a user have what he asks for."""


def served(database: Database, trust: Trust, front: Any = lambda app: app) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.parts = SimpleNamespace(
            database=database,
            trust=trust,
            grants=grants,
            quotas=SimpleNamespace(take=took),
            about=SimpleNamespace(user="root"),
        )
        yield

    grants = Grants(
        database, Bus(), on_end=trust.under_way.end, permits_unbound=nobody, permits_shipped=anybody
    )
    return application(
        tokens=trust.callers,
        grants_of_service=gate_of(grants),
        under_way=trust.under_way,
        simple_routes=[],
        lifespan=lifespan,
        front=front,
        admit=without_limit,
        entrance=None,
    )


@pytest.fixture
def http(database: Database, trust: Trust) -> Iterator[TestClient]:
    with TestClient(served(database, trust)) as client:
        yield client


def ask(http: TestClient, token: str, method: str, path: str, **arguments: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return http.request(method, f"{API}/{path}", headers=headers, **arguments)


def logged_in(http: TestClient) -> dict[str, Any]:
    answer = http.post(f"{API}/login", json={"user": "ada", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_a_login_needs_no_token_and_gives_one(http: TestClient) -> None:
    login = logged_in(http)
    assert login["user"] == "ada"
    who = ask(http, login["token"], "GET", "whoami").json()
    assert (who["user"], who["kind"], who["expires_at"]) == ("ada", "user", login["expires_at"])
    assert who["roles"] == ["query", "submit", "realise", "upload"]
    root = ask(http, "root-token", "GET", "whoami").json()
    assert (root["user"], root["expires_at"], "admin" in root["roles"]) == ("root", None, True)


def test_a_wrong_password_is_401_and_a_guesser_429(http: TestClient) -> None:
    def tried() -> Any:
        return http.post(f"{API}/login", json={"user": "ada", "password": "wrong horse"})

    assert [tried().status_code for _ in range(6)] == [401] * 5 + [429]
    assert 0 < tried().json()["details"]["retry_after_s"] <= 1


@pytest.mark.parametrize(
    ("path", "method", "role"),
    [
        ("admin/users", "GET", "admin"),
        ("usage", "GET", "operate"),
        ("index/projects/x/claim", "PUT", "operate"),
    ],
)
def test_a_user_is_told_which_role_he_lacks(
    http: TestClient, path: str, method: str, role: str
) -> None:
    answer = ask(http, logged_in(http)["token"], method, path)
    assert answer.status_code == 403
    assert f"needs the role {role}" in answer.json()["detail"]


def test_a_narrower_token_opens_less_and_ends_with_its_parent(http: TestClient) -> None:
    token = logged_in(http)["token"]
    made = ask(http, token, "POST", "tokens", json={"scopes": ["query"], "audience": "index"})
    narrow = made.json()["token"]
    assert ask(http, narrow, "GET", "whoami").json()["roles"] == ["query"]
    assert ask(http, narrow, "GET", "pools").status_code == 403
    assert ask(http, narrow, "POST", "tokens", json={}).status_code == 403
    assert ask(http, token, "DELETE", f"tokens/{made.json()['parent']}").status_code == 204
    for each in (token, narrow):
        answer = ask(http, each, "GET", "whoami")
        assert (answer.status_code, "was revoked at" in answer.json()["detail"]) == (401, True)


def test_a_child_revokes_neither_its_parent_nor_its_siblings(http: TestClient) -> None:
    login = logged_in(http)
    one, other = (ask(http, login["token"], "POST", "tokens", json={}).json() for _ in range(2))
    for id_ in (login["id"], other["id"]):
        assert ask(http, one["token"], "DELETE", f"tokens/{id_}").status_code == 403
    assert ask(http, one["token"], "DELETE", f"tokens/{one['id']}").status_code == 204
    listed = ask(http, login["token"], "GET", "tokens").json()
    assert [each["revoked"] is None for each in listed if each["id"] == one["id"]] == [False]
    assert all(each["token"] is None for each in listed)


def test_a_token_is_refreshed(http: TestClient) -> None:
    login = logged_in(http)
    new = ask(http, login["token"], "POST", "tokens/refresh").json()
    assert new["id"] == login["id"]
    assert ask(http, new["token"], "GET", "whoami").json()["user"] == "ada"
    assert ask(http, "root-token", "POST", "tokens/refresh").status_code == 400


def test_what_is_nowhere_and_what_takes_another_method(http: TestClient) -> None:
    token = logged_in(http)["token"]
    assert ask(http, token, "GET", "nothing").status_code == 404
    answer = ask(http, token, "PATCH", "jobs")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_the_services_own_token_reads_the_index_alone(http: TestClient) -> None:
    for path in ("pools", "jobs", "whoami", "admin/users"):
        assert ask(http, "internal-token", "GET", path).status_code == 403


def test_a_grant_of_somebody_who_was_removed_opens_nothing(http: TestClient, trust: Trust) -> None:
    token = logged_in(http)["token"]
    holder = Holder()
    wanted = {"files": ["~/shared/x"], "holder": holder.name}
    made = ask(http, token, "POST", "grants", json=wanted)
    assert made.status_code == 200, made.text
    grant = made.json()["token"]
    body: dict[str, Any] = {"leaves": []}
    assert holder.ask(http, grant, "POST", "/api/v1/follow", json=body).status_code != 401
    asyncio.run(trust.directory.remove("ada", Actor(user="root")))
    assert holder.ask(http, grant, "POST", "/api/v1/follow", json=body).status_code == 401


class Streaming:
    """In place of the routes: begins an answer, if asked to, and goes on without an end."""

    def __init__(self, *, begins: bool) -> None:
        self.begins = begins
        self.is_there = asyncio.Event()
        self.is_cut = False

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        if self.begins:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        self.is_there.set()
        try:
            await asyncio.wait_for(asyncio.Event().wait(), LIMIT_S)
        except asyncio.CancelledError:
            self.is_cut = True
            raise


async def _asked(app: ASGIApp, token: str, sent: list[Any], method: str = "GET") -> None:
    scope = {
        "type": "http",
        "method": method,
        "path": f"{API}/jobs/x/logs/stdout",
        "headers": [(b"authorization", f"Bearer {token}".encode())],
        "client": ("1.2.3.4", 1),
        "query_string": b"",
    }

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    await app(scope, receive, send)


@pytest.mark.parametrize("begins", [True, False])
def test_what_streams_under_a_revoked_token_is_cut(
    database: Database, trust: Trust, *, begins: bool
) -> None:
    async def tried() -> tuple[Streaming, list[Any]]:
        login = await trust.book.log_in("ada", "", Actor(user="ada"))
        stream = Streaming(begins=begins)
        sent: list[Any] = []
        app = served(database, trust, lambda _: stream)
        task = asyncio.create_task(_asked(app, login.token, sent))
        await asyncio.wait_for(stream.is_there.wait(), LIMIT_S)
        await trust.book.revoke_own(login.id, "ada", Actor(user="ada"))
        await asyncio.wait_for(task, LIMIT_S)
        return stream, sent

    stream, sent = asyncio.run(tried())
    assert stream.is_cut
    last = sent[-1]
    if begins:  # the server sees that the answer has no end, and closes the connection
        assert last == {"type": "http.response.body", "body": b"x", "more_body": True}
    else:
        assert sent[0]["status"] == 401
        assert b"was revoked" in last["body"]


def test_an_upload_that_waits_for_its_body_is_cut_off(database: Database, trust: Trust) -> None:
    heard: list[Any] = []

    async def tried() -> None:
        login = await trust.book.log_in("ada", "", Actor(user="ada"))
        waits = asyncio.Event()

        async def upload(_scope: Scope, receive: Receive, _send: Send) -> None:
            heard.append(await receive())

        async def receive() -> Any:
            waits.set()
            await asyncio.wait_for(asyncio.Event().wait(), LIMIT_S)

        app = served(database, trust, lambda _: upload)
        headers = [(b"authorization", f"Bearer {login.token}".encode())]
        scope = {"type": "http", "method": "POST", "path": "/legacy/", "headers": headers}

        async def send(_message: Any) -> None: ...

        task: asyncio.Task[None] = asyncio.create_task(
            app(scope, receive, send)  # type: ignore[arg-type]
        )
        await asyncio.wait_for(waits.wait(), LIMIT_S)
        await trust.book.revoke_all("ada", Actor(user="root"))
        await asyncio.wait_for(task, LIMIT_S)

    asyncio.run(tried())
    assert heard == [{"type": "http.disconnect"}]
