"""What everybody runs in, only the operator offers and withdraws."""

from __future__ import annotations

from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from support.material.open_doors import without_limit
from support.services.bearer import Bearer

from park_server.http.app import application
from park_server.http.auth import Tokens
from park_server.trust.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI


class Untouched:
    """Offers that nobody but the operator may reach."""

    def listing(self) -> list[Any]:
        """Return that there is none; everybody may ask."""
        return []


@pytest.fixture
def http() -> Iterator[TestClient]:
    """Give the application of a service whose operator is ada."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        about = SimpleNamespace(user="ada")
        app.state.parts = SimpleNamespace(offers=Untouched(), about=about)
        yield

    app = application(
        tokens=Tokens.of({"t": "bob"}, operator="ada"),
        simple_routes=[],
        lifespan=lifespan,
        grants_of_service=None,
        under_way=UnderWay(),
        admit=without_limit,
        entrance=None,
    )
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "offers", {"project": "six", "version": "1.17"}),
        ("POST", "offers", {"lock": "abcdef"}),
        ("DELETE", "offers/six/1.17", None),
    ],
)
def test_others_are_told_which_role_it_needs(
    http: TestClient, method: str, path: str, body: dict[str, str] | None
) -> None:
    answer = http.request(method, f"/api/v1/{path}", json=body, auth=Bearer("t"))
    assert (answer.status_code, answer.json()["title"]) == (403, "NotPermitted")
    assert "operate" in answer.json()["detail"]


def test_everybody_sees_what_is_offered(http: TestClient) -> None:
    assert http.get("/api/v1/offers", auth=Bearer("t")).json() == []
