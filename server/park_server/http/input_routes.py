"""Routes of input files, named by their content: asked for first, sent only where missing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from park_server.http.auth import user_of
from park_server.http.parts import parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.threads import in_thread

__all__ = ["router"]

router = DeclaredRoutes()


@router.get("/files/{sha256}/present")
async def is_present(request: Request, sha256: str) -> dict[str, bool]:
    """Tell whether the service has the file, whole, which it then keeps for a day at least.

    Only to whoever sent it before; nobody learns by a digest what others have. Reads it where
    it is not known to be whole.
    """
    parts = parts_of(request)
    if not parts.trust.possession.holds(user_of(request), sha256):
        return {"present": False}
    return {"present": await in_thread(parts.retention.promised, sha256)}


@router.put("/files/{sha256}", status_code=204)
async def put_file(request: Request, sha256: str) -> Response:
    """Store the body, whose digest must be ``sha256``, within what its user may have."""
    parts = parts_of(request)
    user = user_of(request)
    await parts.content.receive(sha256, parts.quotas.within(user, request.stream()))
    await parts.trust.possession.note(user, sha256)
    return Response(status_code=204)
