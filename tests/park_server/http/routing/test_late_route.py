"""Routes that are made when they are first asked for."""

from __future__ import annotations

import asyncio
import gc
from typing import Annotated, Any

import pytest
from fastapi import Body, FastAPI, Query
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.testclient import TestClient

from park_repo.http.exact_route import ExactRoute
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.http.routing.late_route import LateRoute

made: list[tuple[str, bool]] = []
"""The path of each route that was made here, and whether an event loop waited meanwhile."""

router = DeclaredRoutes(prefix="/things")


class Told(APIRoute):
    """Tells that it is made."""

    def __init__(self, path: str, endpoint: Any, **options: Any) -> None:
        made.append((path, _in_a_loop()))
        super().__init__(path, endpoint, **options)


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


told = DeclaredRoutes(prefix="/told", route_class=Told)


@router.get("/{thing}")
async def get_thing(thing: str, size: Annotated[int, Query(ge=1)] = 1) -> dict[str, Any]:
    """Return a thing."""
    return {"thing": thing, "size": size}


@router.put("/{thing}", status_code=204)
async def put_thing(thing: str) -> None:
    """Put it."""


@told.post("")
async def post(words: Annotated[list[str], Body()]) -> dict[str, int]:
    """Count them."""
    return {"words": len(words)}


@told.get("")
async def get(request: Request) -> str:
    """Say which route was found."""
    return str(request.scope["route"].path)


def application() -> tuple[FastAPI, list[LateRoute]]:
    declared = [*router.declared, *told.declared]
    late = [LateRoute(each, prefix="/v1", responses={}) for each in declared]
    app = FastAPI(openapi_url=None)
    app.router.routes.extend(late)
    return app, late


@pytest.fixture
def client() -> TestClient:
    made.clear()
    return TestClient(application()[0])


def test_parameters_are_validated_and_passed(client: TestClient) -> None:
    assert client.get("/v1/things/a", params={"size": 7}).json() == {"thing": "a", "size": 7}
    assert client.get("/v1/things/a", params={"size": 0}).status_code == 422
    assert client.put("/v1/things/a").status_code == 204


def test_another_method_is_refused_and_head_is_no_get(client: TestClient) -> None:
    assert client.delete("/v1/things/a").status_code == 405
    assert client.head("/v1/things/a").status_code == 405
    assert client.get("/v1/things/a/b").status_code == 404


def test_a_line_break_belongs_to_what_is_asked_for(client: TestClient) -> None:
    assert client.get("/v1/things/a%0A").json()["thing"] == "a\n"
    assert client.get("/v1/told%0A").status_code == 404


def test_a_route_is_made_once_beside_the_event_loop(client: TestClient) -> None:
    assert made == []
    for _ in range(2):
        assert client.post("/v1/told", json=["a", "b"]).json() == {"words": 2}
    assert made == [("/v1/told", False)]
    assert client.get("/v1/told").json() == "/v1/told"


def test_a_route_is_no_expression_before_a_path_begins_as_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[str] = []
    really = ExactRoute.__init__

    def told_of(self: ExactRoute, path: str, *arguments: Any, **options: Any) -> None:
        compiled.append(path)
        really(self, path, *arguments, **options)

    monkeypatch.setattr(ExactRoute, "__init__", told_of)
    asking = TestClient(application()[0])
    assert asking.get("/v1/other").status_code == 404
    assert compiled == []
    assert asking.get("/v1/things/a").status_code == 200
    assert set(compiled) == {"/v1/things/{thing}"}


def test_what_stands_in_front_of_each_path_is_none_of_it() -> None:
    asking = TestClient(application()[0], root_path="/below")
    assert asking.get("/below/v1/things/a").json() == {"thing": "a", "size": 1}


def test_those_who_come_at_once_get_one_route() -> None:
    made.clear()
    _, late = application()
    (route,) = [each for each in late if each.path == "/v1/told" and each.methods == {"POST"}]

    async def together() -> list[APIRoute]:
        return list(await asyncio.gather(*(asyncio.to_thread(route.made) for _ in range(8))))

    found = asyncio.run(together())
    assert len(made) == 1
    assert all(each is found[0] for each in found)


def test_no_full_collection_goes_through_what_a_route_is_made_of() -> None:
    _, routes = application()
    route = routes[0].made()
    assert not [each for each in gc.get_objects() if each is route]
