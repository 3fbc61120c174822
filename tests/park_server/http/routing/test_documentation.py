"""The OpenAPI document, made when it is asked for."""

from __future__ import annotations

import asyncio

from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.testclient import TestClient

from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.http.routing.documentation import Documentation
from park_server.http.routing.late_route import LateRoute


def answer() -> dict[str, int]:
    """Answer."""
    return {}


class Watched(LateRoute):
    """Notes how often it was asked for, and whether an event loop waited meanwhile."""

    def __init__(self, path: str) -> None:
        routes = DeclaredRoutes()
        routes.get(path)(answer)
        super().__init__(routes.declared[0], prefix="/v1", responses={409: {}})
        self.asked: list[bool] = []

    def made(self) -> APIRoute:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.asked.append(False)
        else:
            self.asked.append(True)
        return super().made()


def test_the_document_is_that_of_all_routes_and_written_once_beside_the_loop() -> None:
    routes = [Watched("/things/{thing}"), Watched("/others")]
    app = Starlette()
    app.add_route("/openapi.json", Documentation(routes).answer)
    client = TestClient(app)
    assert [route.asked for route in routes] == [[], []]
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {"/v1/things/{thing}", "/v1/others"}
    assert "409" in document["paths"]["/v1/others"]["get"]["responses"]
    assert client.get("/openapi.json").json() == document
    assert [route.asked for route in routes] == [[False], [False]]
