"""An index over HTTP for tests: its application, and a real server on a port of its own."""

from __future__ import annotations

import asyncio
import base64
import threading
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from support.material.open_doors import without_limit
from support.session.limits import LIMIT_S

from park.errors import NotAuthenticated, ParkError
from park_repo.database import Database
from park_repo.http.front import PageFront
from park_repo.http.routes import index_routes
from park_repo.index import Index, Publication, Upload
from park_repo.tables import metadata

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp

__all__ = ["TOKENS", "add_file", "application", "opened_index", "publish", "serving"]

TOKENS = {"ada-token": "ada", "bob-token": "bob"}
"""The tokens that the test application knows, and whose they are."""


@contextmanager
def opened_index(root: Path, **settings: Any) -> Iterator[Index]:
    """Open an index (and its database) in ``root``; close it at the end."""
    root.mkdir(parents=True, exist_ok=True)
    database = Database.sqlite(root / "park.sqlite")
    try:
        database.write(metadata.create_all).result()
        yield Index(database, root, **settings)
    finally:
        database.close()


def add_file(index: Index, path: Path, user: str = "ada") -> Publication:
    """Publish the file at ``path``, as an upload of ``user`` does."""
    with index.incoming() as content:
        content.write(path.read_bytes())
        upload = Upload(content=content, filename=path.name, user=user, permit=without_limit)
        return asyncio.run(index.publish(upload))


def application(index: Index, *, is_open: bool = False) -> Starlette:
    """Return an application with the routes of ``index`` and the users of `TOKENS`.

    With ``is_open`` it asks for no token, as public indexes do, and has the `PageFront`, which
    a service has behind its authentication.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await index.aclose()

    return Starlette(
        routes=index_routes(
            index,
            (lambda _: "ada") if is_open else _user_of,
            lambda _: without_limit,
            Request.stream,
        ),
        exception_handlers={ParkError: _as_problem},
        lifespan=lifespan,
        middleware=[Middleware(PageFront, index=index)] if is_open else [],
    )


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve ``app`` on a free port of the loopback; yield its URL, without a final slash."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="on"))
    started = threading.Event()
    startup = server.startup

    async def startup_and_tell(*args: Any, **kwargs: Any) -> None:
        await startup(*args, **kwargs)
        started.set()

    server.startup = startup_and_tell  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert started.wait(LIMIT_S)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def publish(url: str, wheel: Path) -> None:
    """Upload ``wheel`` to the index at ``url`` as ada."""
    httpx2.post(
        f"{url}/legacy/",
        auth=("__token__", "ada-token"),
        data={":action": "file_upload", "protocol_version": "1"},
        files={"content": (wheel.name, wheel.read_bytes())},
    ).raise_for_status()


def _user_of(request: Request) -> str:
    """Return the user of a Bearer token, or of one that is the password of a Basic login."""
    kind, _, credentials = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        credentials = base64.b64decode(credentials).decode().partition(":")[2]
    user = TOKENS.get(credentials)
    if user is None:
        raise NotAuthenticated("no token, or one that this service does not know")
    return user


def _as_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ParkError)
    headers = {"WWW-Authenticate": "Basic"} if error.http_status == 401 else None
    return JSONResponse(
        error.as_problem(),
        status_code=error.http_status,
        headers=headers,
        media_type="application/problem+json",
    )
