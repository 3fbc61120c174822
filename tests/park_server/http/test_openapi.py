"""Every route of a service is a heading of docs/reference/http.md."""

import inspect
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient
from support.material.open_doors import without_limit

from park.wire import API
from park_repo.http.routes import index_routes
from park_repo.index import Index
from park_server.http.app import _PARTS, application
from park_server.http.auth import Tokens
from park_server.http.exact_json import ExactJson
from park_server.operating import probe_routes
from park_server.page.page_parts import page_routers
from park_server.trust.under_way import UnderWay

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "http.md"
HEADING = re.compile(r"^### (GET|POST|PUT|DELETE|PATCH) (/\S*)$", re.MULTILINE)


@asynccontextmanager
async def nothing_runs(_app: FastAPI) -> AsyncIterator[None]:
    yield


def document_of_the_api() -> Any:
    app = application(
        tokens=Tokens.of({"t": "ada"}),
        simple_routes=[],
        lifespan=nothing_runs,
        page_routes=page_routers(),
        grants_of_service=None,
        under_way=UnderWay(),
        admit=without_limit,
        entrance=None,
    )
    client = TestClient(app, headers={"Authorization": "Bearer t"})
    return client.get(f"{API}/openapi.json").json()


def routes_of_the_api() -> set[tuple[str, str]]:
    paths = document_of_the_api()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def routes_of_the_index() -> set[tuple[str, str]]:
    no_index = cast("Index", None)  # making the routes asks it nothing
    routes = [
        each
        for each in index_routes(no_index, lambda _: "ada", lambda _: without_limit, Request.stream)
        if isinstance(each, Route)
    ]
    paths = {route.path for route in routes}
    return {
        (method, route.path)
        for route in routes
        if f"{route.path}/" not in paths  # one without its slash only leads to the one with it
        for method in (route.methods or set()) - {"HEAD"}
    }


def documented() -> list[tuple[str, str]]:
    return HEADING.findall(PAGE.read_text(encoding="utf-8"))


def test_every_route_has_a_heading() -> None:
    missing = (routes_of_the_api() | routes_of_the_index()) - set(documented())
    assert not missing, "describe it in docs/reference/http.md"


def test_no_route_is_described_twice() -> None:
    assert len(documented()) == len(set(documented()))


OWN_JSON = {"/jobs/{job}/result"}
"""Written in pieces by hand, and JSON all the same."""


def test_what_is_no_json_is_documented_as_what_it_is() -> None:
    parts = (*_PARTS, *page_routers(), probe_routes.router)
    answers = ("Response", "StreamingResponse", "PlainTextResponse", "FileContent")
    found = {
        declared.path: declared.options.get("response_class")
        for declared in (each for part in parts for each in part.declared)
        if inspect.signature(declared.endpoint).return_annotation in answers
        and not declared.options.get("response_model")
        and declared.options.get("status_code") != 204
        and declared.path not in OWN_JSON
    }
    assert len(found) > 8
    no_type = {path for path, kind in found.items() if kind is None or kind is ExactJson}
    assert not no_type, "say which response_class it has (http/routing/media.py)"
    documented = document_of_the_api()["paths"][f"{API}/events/stream"]["get"]["responses"]["200"]
    assert list(documented["content"]) == ["text/event-stream"]
