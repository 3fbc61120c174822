"""A defect of the service: told as one, with its traceback in the log and nowhere else."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

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


class Broken:
    """A service of which every part fails with what nobody expected."""

    def __getattr__(self, name: str) -> object:
        raise ZeroDivisionError(f"secret of {name}")


@pytest.fixture
def http() -> Iterator[TestClient]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.parts = Broken()
        yield

    app = application(
        tokens=Tokens.of({"t": "ada"}),
        simple_routes=[],
        lifespan=lifespan,
        grants_of_service=None,
        under_way=UnderWay(),
        admit=without_limit,
        entrance=None,
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("path", ["jobs", "jobs/0199", "versions", "areas", "events"])
def test_a_defect_is_a_problem_document_and_its_traceback_is_in_the_log(
    http: TestClient, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = http.get(f"/api/v1/{path}", auth=Bearer("t"))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["title"] == "ServiceFault"
    assert problem["hint"] == "this is a defect of the service; its log has the traceback"
    assert "secret" not in answer.text
    logged = [record for record in caplog.records if record.name.startswith("park")]
    assert any(record.exc_info and "secret" in str(record.exc_info[1]) for record in logged)
