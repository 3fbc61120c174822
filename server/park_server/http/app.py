"""The ASGI application of a service: API, index, authentication and errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from park import __version__
from park.wire import API, HealthRecord, ServiceRecord
from park_repo.http.exact_route import ExactRoute
from park_server.entrance.settings import EntranceSettings
from park_server.http import (
    admin_routes,
    area_routes,
    environment_routes,
    event_routes,
    follow_routes,
    grant_routes,
    graph_routes,
    index_routes,
    input_routes,
    install_routes,
    job_routes,
    problems,
)
from park_server.http.auth import Authentication
from park_server.http.body_limit import BodyLimit
from park_server.http.containment import Containment
from park_server.http.exact_paths import ExactPaths
from park_server.http.front.job_front import JobFront
from park_server.http.gate.gate import Gate
from park_server.http.gate.grant_gate import GrantGate
from park_server.http.memo import memo_routes
from park_server.http.nodes import node_routes
from park_server.http.parts import parts_of, url_of
from park_server.http.replay import replay_routes
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.http.routing.documentation import Documentation
from park_server.http.routing.error_handlers import register
from park_server.http.routing.late_route import LateRoute
from park_server.http.trust import people_routes, token_routes
from park_server.trust.identity import Callers
from park_server.trust.under_way import UnderWay

__all__ = ["application", "declared_routes"]

_about = DeclaredRoutes()


@_about.get("")
async def about(request: Request) -> ServiceRecord:
    """Say what this service is, and where its index is, as seen by the client."""
    parts = parts_of(request)
    base = url_of(request)
    return replace(
        parts.about,
        index_url=f"{base}/simple/",
        trees_url=f"{base}/trees/simple/",
        upload_url=f"{base}/legacy/",
        identity=parts.identity.thumbprint,
        ships_grants=parts.trust.directory.policy.grants.shipped,
    )


@_about.get("/health")
async def health(request: Request) -> HealthRecord:
    """Say whether the service can do what it is asked; asks nothing of its database."""
    lost = parts_of(request).database.outage.remark
    return HealthRecord(status="degraded" if lost else "ok", database=lost or None)


_PARTS = (
    _about,
    install_routes.router,
    environment_routes.router,
    memo_routes.router,
    job_routes.router,
    follow_routes.router,
    graph_routes.router,
    input_routes.router,
    area_routes.router,
    grant_routes.router,
    admin_routes.router,
    token_routes.router,
    people_routes.router,
    event_routes.router,
    node_routes.router,
    replay_routes.router,
    index_routes.router,
)


def application(
    *,
    tokens: Callers,
    grants_of_service: GrantGate | None,
    under_way: UnderWay,
    admit: Callable[[str], None],
    entrance: EntranceSettings | None,
    simple_routes: Sequence[BaseRoute],
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    front: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    page_routes: Sequence[DeclaredRoutes] = (),
    probe_routes: DeclaredRoutes | None = None,
    page_files: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> ASGIApp:
    """Return the application; ``lifespan`` puts the parts of the service into its state.

    ``simple_routes`` are those of the index. ``tokens`` knows who asks; ``under_way`` are the
    requests that end when a token or grant is revoked; ``admit`` counts those of a user.

    ``front`` puts a short path between the authentication and the routes. ``page_routes`` are
    those of the web page, ``page_files`` puts its files before the authentication;
    ``probe_routes`` are those that machines watch the service by. ``entrance``
    says how it may be asked; None: by whoever holds the application itself, without a network.
    """
    app = FastAPI(
        title="park",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,  # ours does not hold the event loop
        docs_url=None,
        redoc_url=None,
    )
    register(app)
    late = declared_routes(page_routes, probe_routes)
    document = Documentation(late).answer
    app.router.routes.append(ExactRoute(f"{API}/openapi.json", document, include_in_schema=False))
    app.router.routes.extend(late)
    app.router.routes.extend(simple_routes)
    limited = BodyLimit(JobFront(app, lambda: app.state.parts))
    guarded = Authentication(
        front(limited),
        tokens=tokens,
        grants=grants_of_service,
        under_way=under_way,
        admit=admit,
    )
    contained = Containment(ExactPaths(page_files(guarded)))
    return contained if entrance is None else Gate(contained, entrance)


def declared_routes(
    page_routes: Sequence[DeclaredRoutes], probe_routes: DeclaredRoutes | None
) -> list[LateRoute]:
    """Return the routes of the API with those of the page, and of who watches the service."""
    return [
        LateRoute(declared, prefix=prefix, responses=problems.DOCUMENTED)
        for prefix, part in _placed(page_routes, probe_routes)
        for declared in part.declared
    ]


def _placed(
    page_routes: Sequence[DeclaredRoutes], probe_routes: DeclaredRoutes | None
) -> Iterator[tuple[str, DeclaredRoutes]]:
    """Yield all that is declared, each with the path that it is below."""
    for part in (*_PARTS, *page_routes):
        yield API, part
    if probe_routes is not None:
        yield "", probe_routes
