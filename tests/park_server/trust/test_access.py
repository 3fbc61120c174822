"""Every route of a service, with every role and every class of token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient
from support.material.open_doors import without_limit

from park.errors import NotPermitted
from park.wire import API, Audience, TokenClass
from park_repo.http.routes import index_routes
from park_server.grants.scope import Grant, check_request
from park_server.http.app import application
from park_server.http.auth import Tokens
from park_server.operating import probe_routes
from park_server.page.page_parts import page_routers
from park_server.trust.access import OPEN, TABLE, AccessTable, Endpoint, check_access
from park_server.trust.rights import ALL, NONE, Rights, Role
from park_server.trust.under_way import UnderWay

if TYPE_CHECKING:
    from fastapi import FastAPI

    from park_repo.index import Index

JOB = "01a2071c-2c6f-780c-a349-000000000001"


@asynccontextmanager
async def nothing_runs(_app: FastAPI) -> AsyncIterator[None]:
    yield


def routes_of_the_service() -> set[tuple[str, str]]:
    """Return the method and path of every route, of the API and of the index."""
    tokens = Tokens.of({"t": "ada"}, operator="ada")
    app = application(
        tokens=tokens,
        simple_routes=[],
        lifespan=nothing_runs,
        page_routes=page_routers(),
        probe_routes=probe_routes.router,
        grants_of_service=None,
        under_way=UnderWay(),
        admit=without_limit,
        entrance=None,
    )
    client = TestClient(app, headers={"Authorization": "Bearer t"})
    paths = client.get(f"{API}/openapi.json").json()["paths"]
    api = {(method.upper(), _bare(path)) for path, methods in paths.items() for method in methods}
    of_index = index_routes(
        cast("Index", None), lambda _: "ada", lambda _: without_limit, Request.stream
    )  # making them asks it nothing
    index = {
        (method, _bare(route.path))
        for route in of_index
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    return api | index | {("GET", f"{API}/openapi.json")}


def _bare(path: str) -> str:
    return path.replace(":path}", "}")


def test_every_route_stands_in_the_table_and_nothing_else_does() -> None:
    table = [(each.method, _bare(each.path)) for each in TABLE]
    assert len(table) == len(set(table))
    assert {*table, *OPEN} == routes_of_the_service()


def asked(endpoint: Endpoint) -> str:
    """Return a path that ``endpoint`` is asked at."""
    text = endpoint.path
    for name, value in (("{job}", JOB), ("{path:path}", "~ada/x"), ("{name:path}", "a\nb/c")):
        text = text.replace(name, value)
    while "{" in text:
        text = text[: text.index("{")] + "x1" + text[text.index("}") + 1 :]
    return text


@pytest.mark.parametrize("place", range(len(TABLE)))
def test_each_endpoint_is_found_where_it_is_asked_for(place: int) -> None:
    endpoint = TABLE[place]
    assert AccessTable(TABLE).endpoint(endpoint.method, asked(endpoint)) is endpoint


@pytest.mark.parametrize("place", range(len(TABLE)))
def test_each_endpoint_is_open_to_its_role_and_its_classes_alone(place: int) -> None:
    endpoint = TABLE[place]
    for kind in TokenClass:
        for role in Role:
            rights = Rights.of([role])
            wanted = kind in endpoint.classes and (
                endpoint.needs in {None, role, Role.QUERY}  # each role sees what it comes to
            )
            assert is_open(endpoint, rights, kind) == wanted, (endpoint, kind, role)
        assert is_open(endpoint, ALL, kind) == (kind in endpoint.classes)
        assert is_open(endpoint, NONE, kind) == (
            kind in endpoint.classes and endpoint.needs is None
        )


def is_open(
    endpoint: Endpoint, rights: Rights, kind: TokenClass, audience: Audience = Audience.SERVICE
) -> bool:
    try:
        check_access(endpoint, user="ada", rights=rights, kind=kind, audience=audience)
    except NotPermitted:
        return False
    return True


@pytest.mark.parametrize("place", range(len(TABLE)))
def test_a_grant_opens_of_the_table_what_its_own_scope_says(place: int) -> None:
    endpoint = TABLE[place]
    grant = Grant(
        id="01a2071c-2c6f-780c-a349-00000000000a",
        user="ada",
        jobs=frozenset({JOB}),
        stops=frozenset({JOB}),
        files=frozenset({"~ada/x"}),
        created="2026",
        expires="2027",
    )
    try:
        check_request(grant, endpoint.method, asked(endpoint))
    except NotPermitted:
        opens = False
    else:
        opens = True
    assert opens == (TokenClass.GRANT in endpoint.classes)


def test_a_token_for_the_index_opens_the_index_and_tells_of_itself() -> None:
    opened = {
        endpoint.path
        for endpoint in TABLE
        if is_open(endpoint, ALL, TokenClass.USER, Audience.INDEX)
    }
    assert opened == {
        *(each.path for each in TABLE if not each.path.startswith((API, "/metrics"))),
        *(f"{API}/whoami", f"{API}/tokens/refresh"),
    }


def test_the_service_itself_reads_its_index_and_nothing_more() -> None:
    reader = next(iter(Tokens.of_service("ada", home="h", internal="i").callers.values()))
    assert reader.may_all
    found = Tokens.of_service("ada", home="h", internal="i").find("i")
    assert found is not None
    opened = {
        (endpoint.method, endpoint.path.split("/")[1])
        for endpoint in TABLE
        if is_open(endpoint, found.rights, found.kind, found.audience)
    }
    assert opened == {("GET", "simple"), ("GET", "trees"), ("GET", "files")}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{API}/nothing"),
        ("PATCH", f"{API}/jobs"),
        ("GET", f"{API}/jobs/{JOB}/files"),
        ("GET", f"{API}/jobs/../admin/users"),
        ("GET", f"{API}/jobs/"),
        ("GET", "/"),
        ("GET", ""),
        ("", ""),
    ],
)
def test_what_is_not_in_the_table_is_closed(method: str, path: str) -> None:
    assert AccessTable(TABLE).endpoint(method, path) is None


def test_the_methods_of_a_path_are_told() -> None:
    assert AccessTable(TABLE).methods(f"{API}/jobs") == ["GET", "POST"]
    assert AccessTable(TABLE).methods(f"{API}/nothing") == []
