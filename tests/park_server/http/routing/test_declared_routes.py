"""What a module declares of its routes."""

from __future__ import annotations

from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, PlainTextResponse

from park_server.http.routing.checked_route import CheckedRoute
from park_server.http.routing.declared_routes import DeclaredRoutes


class Special(APIRoute):
    pass


def answer() -> None:
    pass


def test_each_decorator_declares_its_method_and_leaves_the_function_as_it_is() -> None:
    routes = DeclaredRoutes(prefix="/a")
    for decorate in (routes.get, routes.put, routes.post, routes.delete):
        assert decorate("/b")(answer) is answer
    assert [each.method for each in routes.declared] == ["GET", "PUT", "POST", "DELETE"]
    assert {each.path for each in routes.declared} == {"/a/b"}
    assert {each.kind for each in routes.declared} == {CheckedRoute}


def test_a_route_says_more_than_its_module_does() -> None:
    routes = DeclaredRoutes(route_class=Special, default_response_class=PlainTextResponse)
    routes.get("/usual", status_code=204)(answer)
    routes.get("/own", response_class=JSONResponse)(answer)
    usual, own = routes.declared
    assert usual.options == {"response_class": PlainTextResponse, "status_code": 204}
    assert own.options == {"response_class": JSONResponse}
    assert own.kind is Special
