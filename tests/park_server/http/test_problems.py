"""Every error is answered with a problem document that says what, and where it can, what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient
from support.faults.full_disk import database_is_full

from park.errors import Conflict
from park_server.http.routing.error_handlers import register


class Body(BaseModel):
    number: int


RAISED: dict[str, Exception] = {
    "conflict": Conflict("it is needed", hint="wait for it"),
    "teapot": HTTPException(418, "a teapot", headers={"X-Pot": "tea"}),
    "wide": OverflowError("Python int too large to convert to SQLite INTEGER"),
    "overflow": OverflowError("something else"),
    "surrogate": UnicodeEncodeError("utf-8", "x" * 99 + "\ud800", 0, 1, "no"),
    "deep": RecursionError("maximum depth"),
    "gone": ClientDisconnect(),
    "full": OSError(28, "No space left on device"),
    "full database": database_is_full(),
    "other": OSError(2, "No such file"),
    "defect": ZeroDivisionError("secret"),
}


@pytest.fixture(scope="module")
def http() -> Iterator[TestClient]:
    app = FastAPI()
    register(app)

    @app.get("/raise/{name}")
    def raised(name: str) -> None:
        raise RAISED[name]

    @app.post("/body")
    def posted(body: Body) -> Body:
        return body

    @app.delete("/body")
    def deleted() -> None: ...

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def problem(http: TestClient, name: str) -> dict[str, Any]:
    answer = http.get(f"/raise/{name}")
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status_code
    return found


@pytest.mark.parametrize(
    ("name", "status", "line"),
    [
        ("conflict", 409, "it is needed"),
        ("teapot", 418, "a teapot"),
        ("wide", 400, "not one of 64 bits"),
        ("surrogate", 400, "is no UTF-8"),
        ("deep", 400, "nested too deep"),
        ("gone", 400, "never whole"),
        ("full", 500, "the disk of the service takes nothing"),
        ("full database", 500, "the disk of the service takes nothing"),
        ("defect", 500, "the service failed at GET /raise/defect: ZeroDivisionError"),
        ("overflow", 500, "the service failed at GET /raise/overflow: OverflowError"),
        ("other", 500, "the service failed at GET /raise/other: FileNotFoundError"),
    ],
)
def test_each_error_has_its_status_and_its_line(
    http: TestClient, name: str, status: int, line: str
) -> None:
    found = problem(http, name)
    assert found["status"] == status
    assert line in found["detail"]
    assert "secret" not in str(found)


def test_hints_and_headers_are_passed_on(http: TestClient) -> None:
    assert problem(http, "conflict")["hint"] == "wait for it"
    assert problem(http, "full")["hint"] == "try again when its operator has made room"
    assert http.get("/raise/teapot").headers["x-pot"] == "tea"


def test_a_long_name_is_shown_in_part(http: TestClient) -> None:
    assert len(problem(http, "surrogate")["detail"]) < 120


def test_what_is_not_valid_is_told_with_its_place(http: TestClient) -> None:
    answer = http.post("/body", json={"number": "many"})
    assert answer.status_code == 400
    assert "not valid at body.number: " in answer.json()["detail"]


def test_what_is_not_there_is_told_with_its_path(http: TestClient) -> None:
    answer = http.get("/absent")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "nothing at /absent on this service"


def test_a_method_that_no_route_takes_is_told_those_of_all(http: TestClient) -> None:
    answer = http.put("/body")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, POST"


@pytest.mark.parametrize(("name", "is_logged"), [("defect", True), ("conflict", False)])
def test_only_what_nobody_expected_is_in_the_log(
    http: TestClient, caplog: pytest.LogCaptureFixture, name: str, *, is_logged: bool
) -> None:
    with caplog.at_level(logging.ERROR, logger="park.http"):
        problem(http, name)
    assert [record.exc_info is not None for record in caplog.records] == [True] * is_logged
