"""Routes of the files that users keep on the service.

A place is named as everywhere, ``~/data/run.zip``, but a root without its first slash:
``snsdata/run.zip``. ``~ada/…`` names ada's files whoever asks: that is the URL to pass on.
"""

from __future__ import annotations

import os

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from park.model.file_names import readable
from park.wire import AreaEntry, AreaRecord
from park_repo.http.file_content import FileContent
from park_server.http.auth import user_of
from park_server.http.exact_json import ExactJson
from park_server.http.front.streamed_list import streamed_records
from park_server.http.parts import parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.http.routing.media import AnyFile
from park_server.threads import in_thread

__all__ = ["router"]

router = DeclaredRoutes(prefix="/areas", default_response_class=ExactJson)


@router.get("")
async def list_areas(request: Request) -> list[AreaRecord]:
    """Return the places for files: one's own area, and the roots of the operator."""
    roots = sorted(parts_of(request).areas.roots)
    return [
        AreaRecord(name="~", writable=True),
        *(AreaRecord(name=f"/{name}", writable=False) for name in roots),
    ]


@router.get("/folders/{path:path}", response_model=list[AreaEntry])
async def list_folder(request: Request, path: str) -> Response:
    """Return what is in a folder, by name."""
    areas, user = parts_of(request).areas, user_of(request)
    # somebody may have a million files there, or a disk that is slow: others are served meanwhile
    return await streamed_records(user, areas.listing(_spelled(path), user))


@router.get("/files/{path:path}", response_class=AnyFile)
async def get_file(request: Request, path: str) -> FileContent:
    """Return a file; ranges and ETag work."""
    areas, user = parts_of(request).areas, user_of(request)
    spelled = _spelled(path)
    opened = await in_thread(areas.open, spelled, user)  # the area may have to be made first
    return _Opened(opened, areas.place(spelled, user).name)


@router.put("/files/{path:path}")
async def put_file(request: Request, path: str) -> dict[str, str]:
    """Write the body to a file in one's own area; answers with the name that all understand."""
    areas, user = parts_of(request).areas, user_of(request)
    chunks = parts_of(request).quotas.within(user, request.stream())
    return {"path": str(await areas.put(_spelled(path), user, chunks))}


@router.delete("/files/{path:path}", status_code=204)
async def remove_file(request: Request, path: str, *, recursive: bool = False) -> Response:
    """Remove a file, an empty folder, or with ``recursive`` a folder with its content."""
    areas, user = parts_of(request).areas, user_of(request)
    await in_thread(areas.remove, _spelled(path), user, recursive=recursive)
    return Response(status_code=204)


def _spelled(path: str) -> str:
    return path if path.startswith("~") else f"/{path}"


class _Opened(FileContent):
    """Serves a file by its descriptor: what was checked is what is sent, whatever is renamed."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._opened = descriptor
        super().__init__(
            f"/proc/self/fd/{descriptor}",
            filename=readable(name),
            stat_result=os.fstat(descriptor),
            headers={"Cache-Control": "private, no-cache"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, then close it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._opened)
