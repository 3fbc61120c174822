"""Attacks on grants: by who has the token, the database, a proof, another service's place."""

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

from park.model.conditions import JobIs, Phase
from park.model.conditions_json import condition_to_json
from park_repo.database import Database
from park_server.areas.areas import Areas
from park_server.bus import Bus
from park_server.clock import later
from park_server.db.tables import grants as grants_table
from park_server.grants import grants as grants_module
from park_server.grants.costs import GrantCosts
from park_server.http.app import application
from park_server.http.auth import Tokens
from park_server.jobs.leaf_polls import Asked
from park_server.quotas.quotas import Quotas
from park_server.trust.policy import GrantLimits
from park_server.trust.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from fastapi import FastAPI

    from park.model.truth import Verdict

ONE, TWO = ("01a2071c-2c6f-780c-a349-00000000000" + digit for digit in "12")
FILE, OTHER_FILE = "/api/v1/areas/files/~/run.refl", "/api/v1/areas/files/~/other"
LIMITS = GrantLimits(requests=20, leaves=10, megabytes=1)


class Polls:
    """In place of what looks at leaves: notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    async def follow(self, asked: Sequence[Asked], _wait: float) -> list[Verdict]:
        self.asked = list(asked)
        return []


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give a database with two jobs of ada's."""
    database = database_at(tmp_path)
    for job in (ONE, TWO):
        database.write(partial(add_job, job=job, user="ada", arguments=[])).result()
    yield database
    database.close()


@pytest.fixture
def polls() -> Polls:
    return Polls()


@pytest.fixture
def http(database: Database, tmp_path: Path, polls: Polls) -> Iterator[TestClient]:
    """Give a service with two files of ada's."""
    grants, areas = grants_of(database, Bus()), Areas(tmp_path / "areas", {}, of_the_service)
    costs = GrantCosts(lambda: LIMITS)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.parts = SimpleNamespace(
            database=database,
            grants=grants,
            areas=areas,
            quotas=Quotas.without_limits(),
            grant_costs=costs,
            leaf_polls=polls,
        )
        yield

    tokens = Tokens.of({"ada-token": "ada"})
    app = application(
        tokens=tokens,
        grants_of_service=gate_of(grants, LIMITS),
        simple_routes=[],
        lifespan=lifespan,
        under_way=UnderWay(),
        admit=without_limit,
        entrance=None,
    )
    with TestClient(app) as client:
        for path in (FILE, OTHER_FILE):
            assert as_ada(client, "PUT", path, content=b"data").is_success
        yield client


def as_ada(http: TestClient, method: str, path: str, **arguments: Any) -> Any:
    headers = {"Authorization": "Bearer ada-token"}
    return http.request(method, path, headers=headers, **arguments)


def granted(http: TestClient, holder: Holder, **what: Any) -> dict[str, Any]:
    body = {"files": ["~/run.refl"], "holder": holder.name, **what}
    grant: dict[str, Any] = as_ada(http, "POST", "/api/v1/grants", json=body).json()
    assert holder.ask(http, grant["token"], "GET", FILE).content == b"data"
    return grant


def refused(response: Any, why: str) -> None:
    assert response.status_code == 401, response.text
    assert why in response.json()["detail"]


def test_the_token_alone_opens_nothing(http: TestClient) -> None:
    token = granted(http, Holder())["token"]
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"DPoP {token}"},
        {"Authorization": f"Bearer {token}", "DPoP": Holder().proof("GET", "http://x", token)},
    ):
        refused(http.get(FILE, headers=headers), "no proof of possession")
    thief = Holder()
    refused(thief.ask(http, token, "GET", FILE), f"and this use is signed with {thief.name}")


def test_the_database_opens_nothing(http: TestClient, database: Database) -> None:
    granted(http, Holder())
    (row,) = database.read(lambda c: c.execute(select(grants_table)).mappings().all())
    thief = Holder()
    for word in (row["token_sha256"], f"park_grant_{row['token_sha256']}", row["holder"]):
        assert thief.ask(http, word, "GET", FILE).status_code == 401


def test_a_proof_counts_once_and_for_one_method_and_url(http: TestClient) -> None:
    holder = Holder()
    token = granted(http, holder)["token"]
    url = f"{http.base_url}{FILE}"
    heard = holder.headers("GET", url, token)
    assert http.get(FILE, headers=heard).content == b"data"
    refused(http.get(FILE, headers=heard), "was used before")
    heard = holder.headers("GET", url, token)
    refused(http.delete("/api/v1/grant", headers=heard), "is for GET and not for DELETE")
    refused(http.get(OTHER_FILE, headers=heard), "not what is asked for")
    another = granted(http, holder)["token"]
    stolen = {**heard, "Authorization": f"DPoP {another}"}
    refused(http.get(FILE, headers=stolen), "is for another token")


def test_what_is_signed_for_another_service_opens_nothing_here(http: TestClient) -> None:
    holder = Holder()
    token = granted(http, holder)["token"]
    heard = holder.headers("GET", f"http://elsewhere.example{FILE}", token)
    refused(http.get(FILE, headers=heard), "not what is asked for")
    holder.nonce = None
    answer = http.get(FILE, headers=holder.headers("GET", f"{http.base_url}{FILE}", token))
    assert answer.headers["dpop-nonce"]
    assert "use_dpop_nonce" in answer.headers["www-authenticate"]


def test_its_holder_may_no_more_than_it_says_and_no_longer(
    http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = Holder()
    grant = granted(http, holder, expires_s=60)
    token = grant["token"]
    for method, path in (
        ("GET", OTHER_FILE),
        ("PUT", FILE),
        ("GET", f"/api/v1/jobs/{ONE}"),
        ("POST", "/api/v1/grants"),
        ("GET", "/api/v1/grants"),
        ("POST", "/api/v1/tokens"),
    ):
        assert holder.ask(http, token, method, path).status_code == 403
    monkeypatch.setattr(grants_module, "now", lambda: later(timedelta(seconds=61)))
    refused(holder.ask(http, token, "GET", FILE), "expired at")
    monkeypatch.undo()
    as_ada(http, "DELETE", f"/api/v1/grants/{grant['id']}")
    refused(holder.ask(http, token, "GET", FILE), "was revoked at")


@pytest.mark.parametrize("holder", [None, "K" * 42, "../" * 10])
def test_a_grant_for_nobody_is_not_made(http: TestClient, holder: str | None) -> None:
    body = {"files": ["~/run.refl"], "holder": holder}
    answer = as_ada(http, "POST", "/api/v1/grants", json=body)
    assert answer.status_code == 400
    assert "identity" in answer.json()["hint"]


def leaf(job: str) -> dict[str, Any]:
    document: dict[str, Any] = condition_to_json(JobIs(job=job, phase=Phase.COMPLETED))
    return dict(document["condition"])


def test_what_others_may_follow_is_not_followed_for_them(http: TestClient, polls: Polls) -> None:
    holder, thief = Holder(), Holder()
    own = granted(http, holder, jobs=[ONE], files=["~/run.refl"])["token"]
    theirs = granted(http, thief, jobs=[TWO], files=["~/run.refl"])["token"]
    asked = [{"leaf": leaf(ONE), "token": own}, {"leaf": leaf(TWO), "token": theirs}]
    thief.ask(http, theirs, "POST", "/api/v1/follow", json={"leaves": asked})
    first, second = polls.asked
    assert "is bound to another service" in str(first.refused)
    assert second.refused is None


def test_how_much_is_asked_is_limited(http: TestClient) -> None:
    holder = Holder()
    token = granted(http, holder, jobs=[ONE])["token"]
    leaves = {"leaves": [{"leaf": leaf(ONE)}] * 11}
    answer = holder.ask(http, token, "POST", "/api/v1/follow", json=leaves)
    assert answer.status_code == 413
    assert "10 is its limit" in answer.json()["detail"]
    answers = [holder.ask(http, token, "GET", FILE) for _ in range(20)]
    last = answers[-1]
    assert last.status_code == 429
    assert "20 requests in a minute is its limit" in last.json()["detail"]
    assert int(last.headers["retry-after"]) >= 1


def test_how_much_is_read_is_limited(http: TestClient) -> None:
    as_ada(http, "PUT", FILE, content=b"data").raise_for_status()
    holder = Holder()
    token = granted(http, holder)["token"]
    as_ada(http, "PUT", FILE, content=b"x" * 1_000_000).raise_for_status()
    assert len(holder.ask(http, token, "GET", FILE).content) == 1_000_000
    answer = holder.ask(http, token, "GET", FILE)
    assert answer.status_code == 413
    assert "1 MB is its limit" in answer.json()["detail"]
