"""No route takes a document with a key that nobody knows."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from park.wire.api_version import HEADER, HERE
from park_server import json_pieces
from park_server.http.app import declared_routes
from park_server.http.routing import checked_route
from park_server.http.routing.error_handlers import register
from park_server.http.routing.known_keys import record_in
from park_server.http.routing.late_route import LateRoute
from park_server.operating import probe_routes
from park_server.page.page_parts import page_routers

SLIP = "older_then_s"


def routes() -> list[LateRoute]:
    return declared_routes(page_routers(), probe_routes.router)


TAKING = [route for route in routes() if record_in(route.endpoint) is not None]


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Give a client of all routes, with nobody in front of them and no service behind."""
    app = FastAPI()
    register(app)
    app.router.routes.extend(routes())
    return TestClient(app, raise_server_exceptions=False)


def asked(route: LateRoute) -> tuple[str, str]:
    (method,) = route.methods or set()
    path = route.path
    while "{" in path:
        path = path[: path.index("{")] + "x1" + path[path.index("}") + 1 :]
    return method, path


def test_those_that_take_a_document_are_found() -> None:
    paths = {route.path.removeprefix("/api/v1") for route in TAKING}
    assert {"/clean", "/jobs", "/installs", "/offers", "/grants"} <= paths
    assert any(path.endswith("/left") for path in paths)
    assert len(TAKING) > 20


@pytest.mark.parametrize("route", TAKING, ids=lambda route: " ".join(asked(route)))
def test_a_slip_is_refused_with_its_name(client: TestClient, route: LateRoute) -> None:
    method, path = asked(route)
    for document in ({SLIP: 1}, [{SLIP: 1}]):
        answer = client.request(method, path, json=document)
        assert answer.status_code == 400, answer.text
        assert SLIP in answer.json()["detail"]
        assert "no such key" in answer.json()["detail"]


def test_a_large_document_is_looked_at_as_well(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checked_route, "LARGE_BYTES", 1)
    monkeypatch.setattr(json_pieces, "LARGE_BYTES", 1)
    answer = client.post("/api/v1/jobs", json=[{SLIP: 1}])
    assert SLIP in answer.json()["detail"]


def test_a_park_of_another_release_is_answered_by_what_is_known(client: TestClient) -> None:
    headers = {HEADER: f"{HERE.newest}; oldest={HERE.oldest}; release=99.1"}
    answer = client.post("/api/v1/clean", json={SLIP: 1}, headers=headers)
    assert SLIP not in answer.text


@pytest.mark.parametrize("levels", [990, 100_000])
def test_what_is_nested_too_deep_to_be_read_is_told_the_limit(
    client: TestClient, levels: int
) -> None:
    content = b'[{"id": ' + b"[" * levels + b"]" * levels + b"}]"
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/v1/jobs", content=content, headers=headers)
    assert answer.status_code == 400
    assert "values may have 100 levels" in answer.json()["detail"]


def test_an_integer_that_is_too_long_to_be_read_is_told_the_limit(client: TestClient) -> None:
    content = b'[{"id": ' + b"9" * 5_000 + b"}]"
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/v1/jobs", content=content, headers=headers)
    assert answer.status_code == 400
    assert "an integer of more than 4,300 digits" in answer.json()["detail"]


@pytest.mark.parametrize("content", [b"{", b"\xff", b""])
def test_what_is_no_json_is_told_as_before(client: TestClient, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/v1/clean", content=content, headers=headers)
    assert answer.status_code == 400
    assert "no such key" not in answer.text
