"""Paths that name files are taken byte by byte, before a token is looked at."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from park_server.http.exact_paths import ExactPaths

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


def seen(raw: str) -> str:
    """Return the path that the application behind sees, of a request as servers give it."""
    paths = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        paths.append(scope["path"])

    async def nothing(*_: Any) -> Any: ...

    path = unquote(raw.partition("?")[0])
    scope = {"type": "http", "path": path, "raw_path": raw.encode("ascii")}
    asyncio.run(ExactPaths(app)(scope, nothing, nothing))
    return str(paths[0])


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/api/v1/jobs/a/files/M%E4.dat", "/api/v1/jobs/a/files/M\udce4.dat"),
        ("/api/v1/areas/files/~/M%E4.dat?x=1", "/api/v1/areas/files/~/M\udce4.dat"),
        ("/api/v1/areas/folders/~/M%E4/%C3%A4", "/api/v1/areas/folders/~/M\udce4/ä"),
        ("/api/v1/areas/%66iles/~/M%E4", "/api/v1/areas/files/~/M\udce4"),
        ("/api/v1/jobs/a/files/%EF%BF%BD", "/api/v1/jobs/a/files/\ufffd"),
        ("/api/v1/jobs/a/files/run.txt", "/api/v1/jobs/a/files/run.txt"),
        ("/api/v1/jobs/%E4", "/api/v1/jobs/\ufffd"),
        ("/api/v1/jobs/%E4/files/a", "/api/v1/jobs/\ufffd/files/a"),
        ("/simple/%E4/", "/simple/\ufffd/"),
    ],
)
def test_only_names_of_files_are_taken_as_bytes(raw: str, path: str) -> None:
    assert seen(raw) == path
