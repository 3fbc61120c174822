"""A probe is answered without a token and without the database; what is amiss is said."""

from __future__ import annotations

from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from support.material.open_doors import without_limit

from park_server.http.app import application
from park_server.http.auth import Tokens
from park_server.operating import probe_routes
from park_server.trust.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI


class Away:
    """A database that cannot be reached: whoever asks it fails."""

    outage = SimpleNamespace(remark="cannot reach db.lab.example: refused")
    is_damaged = False


@pytest.fixture
def http() -> Iterator[TestClient]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.parts = SimpleNamespace(
            database=Away(), disk=SimpleNamespace(remark=""), bus=SimpleNamespace(is_over=False)
        )
        yield

    app = application(
        tokens=Tokens.of({"t": "bob"}, operator="ada"),
        simple_routes=[],
        lifespan=lifespan,
        probe_routes=probe_routes.router,
        grants_of_service=None,
        under_way=UnderWay(),
        admit=without_limit,
        entrance=None,
    )
    with TestClient(app) as client:
        yield client


def test_a_process_without_its_database_lives(http: TestClient) -> None:
    answer = http.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_is_not_ready_and_says_why_without_a_name_in_it(http: TestClient) -> None:
    answer = http.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert answer.json()["reasons"] == ["the database cannot be reached"]
    assert "example" not in answer.text
