"""Routes of a job's call as its process had it: the arguments, and the files among them."""

from __future__ import annotations

from starlette.requests import Request

from park.wire import ReplayRecord
from park_repo.http.file_content import FileContent
from park_server.http.auth import user_of
from park_server.http.exact_json import ExactJson
from park_server.http.parts import parts_of, url_of
from park_server.http.replay.replayed_call import input_of, replayed
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.http.routing.media import AnyFile
from park_server.threads import in_thread

__all__ = ["router"]

router = DeclaredRoutes()


@router.get("/jobs/{job}/replay", response_model=ReplayRecord)
async def get_replay(request: Request, job: str) -> ExactJson:
    """Return what a process was called with, references replaced by what they stood for."""
    database, user, url = parts_of(request).database, user_of(request), url_of(request)
    return ExactJson(await in_thread(database.read, lambda c: replayed(c, job, user, url)))


@router.get("/jobs/{job}/inputs/{sha256}", response_class=AnyFile)
async def get_input(request: Request, job: str, sha256: str) -> FileContent:
    """Return a file that is an argument of the job; ranges work."""
    parts, user, url = parts_of(request), user_of(request), url_of(request)
    await in_thread(parts.database.read, lambda c: input_of(c, job, sha256, user, url))
    return FileContent(await in_thread(parts.content.path_of, sha256))
