"""Grants over HTTP: made for one's own, opening what they are for, expired and revoked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from support.labs.databases import database_at
from support.labs.rows import add_job
from support.material.open_doors import of_the_service, without_limit
from support.stand_ins.bound import Holder, gate_of, grants_of

from park.wire import GrantRequest
from park_repo.database import Database
from park_server.areas.areas import Areas
from park_server.bus import Bus
from park_server.clock import later
from park_server.db.tables import grants as grants_table
from park_server.grants import grants as grants_module
from park_server.http.app import application
from park_server.http.auth import Tokens
from park_server.quotas.quotas import Quotas
from park_server.trust.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from fastapi import FastAPI

ONE, TWO, BOBS = ("01a2071c-2c6f-780c-a349-00000000000" + digit for digit in "123")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give a database with two jobs of ada and one of bob."""
    database = database_at(tmp_path)
    for user, ids in (("ada", (ONE, TWO)), ("bob", (BOBS,))):
        for job in ids:
            database.write(partial(add_job, job=job, user=user, arguments=[])).result()
    yield database
    database.close()


@pytest.fixture
def http(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    """Give the service's application, with as much behind it as these routes need."""
    grants, areas = grants_of(database, Bus()), Areas(tmp_path / "areas", {}, of_the_service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.parts = SimpleNamespace(
            database=database, grants=grants, areas=areas, quotas=Quotas.without_limits()
        )
        yield

    tokens = Tokens.of({"ada-token": "ada", "bob-token": "bob"})
    app = application(
        tokens=tokens,
        grants_of_service=gate_of(grants),
        simple_routes=[],
        lifespan=lifespan,
        under_way=UnderWay(),
        admit=without_limit,
        entrance=None,
    )
    with TestClient(app) as client:
        yield client


HOLDER = Holder()


def ask(http: TestClient, token: str, method: str, path: str, **arguments: Any) -> Any:
    if token.startswith("park_grant_"):
        return HOLDER.ask(http, token, method, f"/api/v1/{path}", **arguments)
    return http.request(
        method, f"/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}, **arguments
    )


def made(http: TestClient, **request: Any) -> dict[str, Any]:
    request = {"holder": HOLDER.name, **request}
    response = ask(http, "ada-token", "POST", "grants", json=request)
    assert response.status_code == 200, response.text
    grant: dict[str, Any] = response.json()
    return grant


def test_a_grant_opens_a_file_of_an_area_until_it_is_given_back(http: TestClient) -> None:
    ask(http, "ada-token", "PUT", "areas/files/~/shared/run.refl", content=b"data")
    ask(http, "ada-token", "PUT", "areas/files/~/secret", content=b"secret")
    grant = made(http, files=["~/shared/run.refl"])
    token = grant["token"]
    assert token.startswith("park_grant_")
    assert grant["files"] == ["~ada/shared/run.refl"]
    for path in ("~/shared/run.refl", "~ada/shared/run.refl"):
        assert ask(http, token, "GET", f"areas/files/{path}").content == b"data"
    refused = ask(http, token, "GET", "areas/files/~/secret")
    assert (refused.status_code, refused.json()["title"]) == (403, "NotPermitted")
    assert "~ada/shared/run.refl" in refused.json()["hint"]
    assert ask(http, token, "DELETE", "grant").status_code == 204
    after = ask(http, token, "GET", "areas/files/~/shared/run.refl")
    assert after.status_code == 401
    assert "was revoked at" in after.json()["detail"]
    assert "Bearer" in after.headers["WWW-Authenticate"]


def test_the_token_is_no_password_which_browsers_would_send_for_any_page(http: TestClient) -> None:
    ask(http, "ada-token", "PUT", "areas/files/~/x", content=b"data")
    token = made(http, files=["~/x"])["token"]
    url = "/api/v1/areas/files/~/x"
    assert http.get(url, auth=("__token__", token)).status_code == 401
    assert ask(http, token, "GET", "areas/files/~/x").content == b"data"


def test_a_grant_makes_no_grants_and_lists_none(http: TestClient) -> None:
    token = made(http, jobs=[ONE])["token"]
    assert ask(http, token, "POST", "grants", json={"jobs": [ONE]}).status_code == 403
    assert ask(http, token, "GET", "grants").status_code == 403


@pytest.mark.parametrize(
    "request_",
    [
        {"jobs": [BOBS]},
        {"jobs": [ONE, "no-such-job"]},
        {"files": ["~bob/shared/x"]},
        {"files": ["~bob/x"]},
        {"files": ["~"]},
        {"files": ["/snsdata/x"]},
    ],
)
def test_what_is_not_ones_own_is_not_known(http: TestClient, request_: dict[str, Any]) -> None:
    response = ask(http, "ada-token", "POST", "grants", json={"holder": HOLDER.name, **request_})
    assert (response.status_code, response.json()["title"]) == (404, "UnknownItem")


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"jobs": [ONE], "expires_s": 0},
        {"jobs": [ONE], "expires_s": 31 * 86_400},
        {"files": ["~/../x"]},
        {"jobs": [f"j{n}" for n in range(20_001)]},
    ],
)
def test_a_grant_of_nothing_or_for_ever_is_refused(
    http: TestClient, request_: dict[str, Any]
) -> None:
    response = ask(http, "ada-token", "POST", "grants", json={"holder": HOLDER.name, **request_})
    assert (response.status_code, response.json()["title"]) == (400, "UsageError")


def test_a_grant_lasts_a_day_and_its_holder_renews_it_for_thirty(http: TestClient) -> None:
    grant = made(http, jobs=[ONE, TWO, ONE], expires_s=60)
    assert grant["jobs"] == [ONE, TWO]
    assert grant["renewable_until"][:10] == later(timedelta(days=30))[:10]
    renewed = ask(http, grant["token"], "PUT", "grant").json()
    assert renewed["expires"][:10] == later(timedelta(days=1))[:10]
    assert renewed["token"] is None
    assert ask(http, "ada-token", "PUT", "grant").status_code == 400
    assert made(http, jobs=[ONE])["expires"][:10] == later(timedelta(days=1))[:10]


def test_an_expired_grant_says_so(http: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = made(http, jobs=[ONE], expires_s=60)
    monkeypatch.setattr(grants_module, "now", lambda: later(timedelta(seconds=61)))
    response = ask(http, grant["token"], "GET", f"jobs/{ONE}")
    assert response.status_code == 401
    assert f"expired at {grant['expires']}" in response.json()["detail"]


def test_an_unknown_grant_says_so(http: TestClient) -> None:
    response = ask(http, "park_grant_x", "GET", f"jobs/{ONE}")
    assert (response.status_code, response.json()["title"]) == (401, "NotAuthenticated")
    assert "does not know the grant" in response.json()["detail"]


def test_the_owner_lists_and_revokes(http: TestClient) -> None:
    first, second = made(http, jobs=[ONE]), made(http, jobs=[TWO])
    listed = ask(http, "ada-token", "GET", "grants").json()
    assert [each["id"] for each in listed] == [second["id"], first["id"]]
    assert {each["token"] for each in listed} == {None}
    assert ask(http, "bob-token", "GET", "grants").json() == []
    assert ask(http, "bob-token", "DELETE", f"grants/{first['id']}").status_code == 404
    for _ in range(2):
        assert ask(http, "ada-token", "DELETE", f"grants/{first['id']}").status_code == 204
    listed = ask(http, "ada-token", "GET", "grants").json()
    assert [each["revoked"] is None for each in listed] == [True, False]
    assert ask(http, first["token"], "GET", f"jobs/{ONE}").status_code == 401


def test_a_users_own_token_is_no_grant_to_give_back(http: TestClient) -> None:
    assert ask(http, "ada-token", "DELETE", "grant").status_code == 400


def test_the_token_is_nowhere_in_the_database(http: TestClient, database: Database) -> None:
    token = made(http, jobs=[ONE])["token"]
    rows = database.read(lambda c: c.execute(select(grants_table)).all())
    assert len(rows) == 1
    assert token not in repr(rows)


def test_what_ended_long_ago_is_forgotten(
    http: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(http, jobs=[ONE], expires_s=60)
    kept = made(http, jobs=[ONE])
    monkeypatch.setattr(
        grants_module, "later", lambda delay: later(delay + timedelta(days=30, minutes=2))
    )
    http.portal.call(grants_of(database, Bus()).sweep)  # type: ignore[union-attr]
    listed = ask(http, "ada-token", "GET", "grants").json()
    assert [each["id"] for each in listed] == [kept["id"]]


def test_many_tokens_are_looked_up_at_once(http: TestClient, database: Database) -> None:
    tokens = [made(http, jobs=[ONE])["token"] for _ in range(3)]
    found = grants_of(database, Bus()).holders([*tokens, "park_grant_x"])
    assert [type(each).__name__ for each in found.values()] == [*["Grant"] * 3, "NotAuthenticated"]
    assert GrantRequest(jobs=[ONE]).expires_s == 86_400
