"""Routes of nodes: each answers for the one attempt that the token of the request is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import SkipValidation
from starlette.requests import Request
from starlette.responses import Response

from park_repo.http.file_content import FileContent
from park_server.http.auth import attempt_of, user_of
from park_server.http.exact_json import ExactJson
from park_server.http.parts import MOST, parts_of
from park_server.http.pieces import LargeRoute, checked_items
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.http.routing.media import AnyFile
from park_server.node_desk.intake import Left
from park_server.threads import in_thread

__all__ = ["router"]

router = DeclaredRoutes(prefix="/node", route_class=LargeRoute, default_response_class=ExactJson)

_Size = Annotated[int, Query(ge=0, le=MOST)]


@dataclass(frozen=True, kw_only=True, slots=True)
class EndOfAttempt:
    """What a node reports at the end: the files that were left, the records, or ``why`` not."""

    files: list[SkipValidation[Left]]
    records: dict[str, Any]
    why: str | None = None


@router.get("/order")
async def get_order(request: Request) -> dict[str, Any]:
    """Return what the node is to do, and what it needs for that."""
    return await in_thread(parts_of(request).node_desk.order, attempt_of(request))


@router.get("/machinery", response_class=AnyFile)
async def get_machinery(request: Request) -> FileContent:
    """Return the archive that the node runs; ranges work."""
    attempt_of(request)
    _, path = await in_thread(parts_of(request).node_desk.machinery.made)
    return FileContent(path)


@router.get("/wheels/{sha256}", response_class=AnyFile)
async def get_wheel(request: Request, sha256: str) -> FileContent:
    """Return a wheel of the attempt's lock; ranges work."""
    desk = parts_of(request).node_desk
    return FileContent(await in_thread(desk.wheel, attempt_of(request), sha256))


@router.get("/inputs/{sha256}", response_class=AnyFile)
async def get_input(request: Request, sha256: str) -> FileContent:
    """Return a file of the attempt's arguments; ranges work."""
    desk = parts_of(request).node_desk
    return FileContent(await in_thread(desk.input, attempt_of(request), sha256))


@router.post("/claim", status_code=204)
async def claim(request: Request, owner: dict[str, Any]) -> Response:
    """Give the attempt to the node; 409 where it has started elsewhere."""
    await in_thread(parts_of(request).node_desk.folder(attempt_of(request)).claim, owner)
    return Response(status_code=204)


@router.post("/beat")
async def beat(request: Request) -> dict[str, bool]:
    """Tell a node that is at work whether its job is to stop."""
    folder = parts_of(request).node_desk.folder(attempt_of(request))
    return {"stop": await in_thread(folder.is_to_stop)}


@router.put("/marks", status_code=204)
async def put_marks(request: Request, marks: dict[str, Any]) -> Response:
    """Take what ``@park.job`` says of the callable."""
    await in_thread(parts_of(request).node_desk.folder(attempt_of(request)).mark, marks)
    return Response(status_code=204)


@router.put("/streams/{stream}")
async def put_stream(request: Request, stream: str, offset: _Size) -> dict[str, int]:
    """Take a piece of a stream; answers with how much of it is here."""
    folder = parts_of(request).node_desk.folder(attempt_of(request))
    data = await request.body()
    return {"size": await in_thread(folder.append, stream, offset, data)}


@router.post("/left")
async def list_left(
    request: Request, body: Annotated[list[SkipValidation[Left]], Body()]
) -> dict[str, int]:
    """Say which of the contents that a job left are to be sent, each from which offset on."""
    folder = parts_of(request).node_desk.folder(attempt_of(request))
    return await in_thread(lambda: folder.missing(checked_items(Left, body)))


@router.put("/files/{sha256}")
async def put_file(request: Request, sha256: str, offset: _Size, size: _Size) -> dict[str, int]:
    """Take a piece of a content; answers with how much of it is here."""
    parts = parts_of(request)
    folder = parts.node_desk.folder(attempt_of(request))
    within = parts.quotas.within(user_of(request), request.stream())
    data = b"".join([chunk async for chunk in within])
    return {"size": await in_thread(folder.put, sha256, offset, size, data)}


@router.post("/end", status_code=204)
async def end(request: Request, left: EndOfAttempt) -> Response:
    """Put all that the job left in its place; or take down why it did not start."""
    folder = parts_of(request).node_desk.folder(attempt_of(request))

    def put() -> None:
        folder.end(checked_items(Left, left.files, "files"), left.records, left.why)

    await in_thread(put)
    return Response(status_code=204)
