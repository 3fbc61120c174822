"""Routes of grants: what a user lets another service do for a while."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from park.errors import UsageError
from park.wire import GrantRecord, GrantRequest
from park_server.grants.scope import Grant
from park_server.http.auth import grant_of, user_of
from park_server.http.parts import parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes

__all__ = ["router"]

router = DeclaredRoutes()


@router.post("/grants")
async def issue_grant(request: Request, body: GrantRequest) -> GrantRecord:
    """Make a grant for jobs and files of one's own; only this answer has its token."""
    return await parts_of(request).grants.issue(user_of(request), body)


@router.get("/grants")
async def list_grants(request: Request) -> list[GrantRecord]:
    """Return one's grants, newest first, without their tokens."""
    return parts_of(request).grants.listing(user_of(request))


@router.delete("/grants/{grant}", status_code=204)
async def revoke_grant(request: Request, grant: str) -> Response:
    """Revoke a grant of one's own, at once and for ever."""
    await parts_of(request).grants.revoke(grant, user_of(request))
    return Response(status_code=204)


@router.put("/grant")
async def renew_grant(request: Request) -> GrantRecord:
    """Let the grant that this request is made with be good for another day: it is needed."""
    return await parts_of(request).grants.renew(_held(request))


@router.delete("/grant", status_code=204)
async def give_back(request: Request) -> Response:
    """Revoke the grant that this request is made with: its holder is done."""
    held = _held(request)
    await parts_of(request).grants.revoke(held.id, held.user)
    return Response(status_code=204)


def _held(request: Request) -> Grant:
    held = grant_of(request)
    if held is None:
        raise UsageError(
            "this request is made with a token of your own, which is no grant",
            hint="a grant is revoked by its id: DELETE /api/v1/grants/{grant}",
        )
    return held
